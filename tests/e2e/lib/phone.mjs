// A real desk phone: baresip without a window, in a folder of its own, on the loopback address. It speaks a steady tone, keeps what
// it hears, and is told what to do over its control port (netstrings with JSON).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { toneFile } from './devices.mjs';
import { eventually } from './probe.mjs';
import { freePort } from './server.mjs';

const MODULES = ['g711', 'g722', 'aufile', 'sndfile', 'account', 'menu', 'ctrl_tcp', 'srtp'];

export class Phone {
  /**
   * Starts a phone.
   * @param folder           scratch folder of the run
   * @param options.number   its number, and user name at the registrar
   * @param options.hertz    tone that it speaks
   * @param options.registrar  `127.0.0.1:5060` of whom it registers with
   * @param options.password for the registrar
   * @param options.answer   `auto` answers by itself, `manual` when told to
   * @param options.codecs   as baresip names them
   */
  static async start(folder, { number, hertz, registrar, password = '', answer = 'manual', codecs = 'PCMA/8000/1,PCMU/8000/1' }) {
    const phone = new Phone();
    Object.assign(phone, { number, hertz, home: join(folder, `phone-${number}`), events: [] });
    const [sip, control, media] = [await freePort(), await freePort(), 20_000 + ((await freePort()) % 10_000 & ~1)];
    phone.address = `127.0.0.1:${sip}`;
    phone.heardIn = join(phone.home, 'heard');
    mkdirSync(phone.heardIn, { recursive: true });
    // The phone hangs up at the end of its file.
    const tone = toneFile(phone.home, hertz, { rate: 8_000, seconds: 240 });
    const lines = [
      `sip_listen 127.0.0.1:${sip}`,
      'net_interface 127.0.0.1',
      `rtp_ports ${media}-${media + 200}`,
      `audio_source aufile,${tone}`,
      'audio_player aufile,/dev/null',
      'audio_alert aufile,/dev/null',
      'ausrc_srate 8000',
      'auplay_srate 8000',
      'call_max_calls 4',
      `snd_path ${phone.heardIn}`,
      `ctrl_tcp_listen 127.0.0.1:${control}`,
      'module_path /usr/lib/baresip/modules',
      ...MODULES.map((name) => `${['account', 'menu', 'ctrl_tcp'].includes(name) ? 'module_app' : 'module'} ${name}.so`),
    ];
    writeFileSync(join(phone.home, 'config'), `${lines.join('\n')}\n`);
    const uri = registrar ? `<sip:${number}@${registrar};transport=udp>;auth_user=${number};auth_pass=${password};regint=60` : `<sip:${number}@${phone.address}>;regint=0`;
    writeFileSync(join(phone.home, 'accounts'), `${uri};answermode=${answer};audio_codecs=${codecs};ptime=20\n`);
    phone.process = spawn('baresip', ['-f', phone.home], { stdio: ['ignore', 'pipe', 'pipe'] });
    phone.log = [];
    for (const stream of [phone.process.stdout, phone.process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => phone.log.push(text));
    }
    phone.exited = once(phone.process, 'exit');
    await phone.#control(control);
    // Said before the control port can be listened to.
    if (registrar) {
      await eventually(`phone ${number} registers:
${phone.log.join('')}`, () => phone.log.join('').includes('200 OK'));
    }
    return phone;
  }

  async #control(port) {
    this.socket = await eventually(`the control port of phone ${this.number}:\n${this.log.join('')}`, async () => {
      if (this.process.exitCode !== null) throw new Error(`the phone ended:\n${this.log.join('')}`);
      const socket = connect(port, '127.0.0.1');
      return new Promise((resolve) => {
        socket.once('connect', () => resolve(socket));
        socket.once('error', () => resolve(null));
      });
    });
    // The length of a netstring is in bytes, and names are not ASCII.
    let buffer = Buffer.alloc(0);
    this.socket.on('data', (bytes) => {
      buffer = Buffer.concat([buffer, bytes]);
      for (let colon; (colon = buffer.indexOf(':')) > 0; ) {
        const length = Number(buffer.toString('latin1', 0, colon));
        if (buffer.length < colon + length + 2) return;
        this.events.push(JSON.parse(buffer.toString('utf8', colon + 1, colon + 1 + length)));
        buffer = buffer.subarray(colon + length + 2);
      }
    });
    this.socket.on('error', () => {});
  }

  /** Gives a command, as it would be typed. */
  tell(command, params = '') {
    const json = JSON.stringify({ command, params, token: '' });
    this.socket.write(`${Buffer.byteLength(json)}:${json},`);
  }

  /** Waits for an event of this type that was not waited for before. */
  async event(type, seconds = 20) {
    return eventually(`phone ${this.number}: ${type}\n${this.log.slice(-20).join('')}`, () => {
      const at = this.events.findIndex((event) => event.event && event.type === type);
      return at >= 0 && this.events.splice(at, 1)[0];
    }, seconds);
  }

  /** Whether such an event came and was not waited for. */
  has(type) {
    return this.events.some((event) => event.event && event.type === type);
  }

  /** Dials; what was told of earlier calls is forgotten. */
  dial(number) {
    this.events.length = 0;
    this.tell('dial', number.includes('@') ? number : String(number));
  }

  answer() {
    this.tell('accept');
  }

  /** Hangs up or declines, and waits until the phone says that the call is closed. */
  async hangUp() {
    this.events = this.events.filter((event) => event.type !== 'CALL_CLOSED');
    this.tell('hangup');
    await this.event('CALL_CLOSED');
  }

  hold(on) {
    this.tell(on ? 'hold' : 'resume');
  }

  /** Presses keys during a call. */
  press(digits) {
    for (const digit of digits) this.tell('sndcode', digit);
  }

  /** Hands the call on (REFER). */
  transfer(to) {
    this.tell('transfer', to);
  }

  /**
   * Those of the frequencies (Hz) that are heard in the last half second of the newest recording. baresip 1.0 records no more of a call
   * once the other side has changed it (two of them show the same), so ask before the first hold of a call.
   */
  tones(candidates) {
    const file = newest(this.heardIn, '-dec.wav');
    if (!file) return [];
    const wav = readFileSync(file);
    const rate = wav.readUInt32LE(24);
    const samples = new Int16Array(wav.buffer.slice(wav.byteOffset + 44, wav.byteOffset + 44 + ((wav.length - 44) & ~1)));
    const last = samples.subarray(Math.max(0, samples.length - rate / 2));
    if (last.length < rate / 4) return [];
    return candidates.filter((hertz) => strength(last, hertz, rate) > 0.02);
  }

  /** Waits until a tone of this frequency is heard. */
  async hears(hertz, seconds = 20) {
    await eventually(`phone ${this.number} hears ${hertz} Hz`, () => this.tones([hertz]).length > 0, seconds);
  }

  async close() {
    this.socket?.destroy();
    if (this.process.exitCode === null) this.process.kill('SIGTERM');
    const slow = setTimeout(() => this.process.kill('SIGKILL'), 5_000);
    await this.exited;
    clearTimeout(slow);
  }
}

function newest(folder, ending) {
  return readdirSync(folder).filter((name) => name.endsWith(ending)).sort().map((name) => join(folder, name)).at(-1);
}

/** Amplitude of one frequency, 0 to 1 (Goertzel). */
function strength(samples, hertz, rate) {
  const factor = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  let [a, b] = [0, 0];
  for (const sample of samples) [a, b] = [sample / 32_768 + factor * a - b, a];
  return Math.sqrt(Math.max(0, a * a + b * b - factor * a * b)) / (samples.length / 2);
}
