// Fake microphones and cameras: files that Chromium plays in a loop in place of a device. One file of each per browser
// process, so each person in a story is a process of their own.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RATE = 48_000;
const SECONDS = 2;

/** Writes a mono 16-bit WAV of a steady tone; its frequency is what the other side has to hear. A browser plays it in a loop. */
export function toneFile(folder, hertz, { rate = RATE, seconds = SECONDS } = {}) {
  const samples = rate * seconds;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++) {
    wav.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * hertz * i) / rate)), 44 + i * 2);
  }
  const path = join(folder, `tone-${hertz}.wav`);
  writeFileSync(path, wav);
  return path;
}

/** Writes a small moving picture (Y4M, 320x180 at 10 fps): a bright bar that walks over a plane of one hue. */
export function cameraFile(folder, name, [cb, cr]) {
  const [width, height, frames] = [320, 180, 20];
  const path = join(folder, `camera-${name}.y4m`);
  const file = openSync(path, 'w');
  writeSync(file, `YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`);
  const chroma = (width / 2) * (height / 2);
  for (let n = 0; n < frames; n++) {
    const luma = Buffer.alloc(width * height, 96);
    const bar = Math.floor((n * width) / frames);
    for (let y = 0; y < height; y++) luma.fill(220, y * width + bar, y * width + Math.min(width, bar + 16));
    writeSync(file, 'FRAME\n');
    writeSync(file, luma);
    writeSync(file, Buffer.alloc(chroma, cb));
    writeSync(file, Buffer.alloc(chroma, cr));
  }
  closeSync(file);
  return path;
}

/** A folder of its own for the files of one run; it is gone when the run ends. */
export function scratch(prefix = 'switchboard-e2e-') {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
