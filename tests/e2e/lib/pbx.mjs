// The building's telephone system: a real kamailio that registers phones with digest, stays in the path (Record-Route), and sends
// the numbers of staff to the hub.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { eventually } from './probe.mjs';
import { freePort } from './server.mjs';

/** Password of every phone at the PBX. */
export const PBX_PASSWORD = 'kettle-orchid-58';

export class Pbx {
  /**
   * Starts a PBX.
   * @param folder        scratch folder of the run
   * @param options.hub   `127.0.0.1:port` where the hub listens for SIP
   * @param options.staff regular expression of the numbers that are the hub's
   */
  static async start(folder, { hub, staff = '^2[0-9]{3}$', port }) {
    const pbx = new Pbx();
    pbx.port = port ?? (await freePort());
    pbx.address = `127.0.0.1:${pbx.port}`;
    pbx.home = join(folder, `pbx-${pbx.port}`);
    mkdirSync(pbx.home, { recursive: true });
    pbx.config = join(pbx.home, 'kamailio.cfg');
    writeFileSync(pbx.config, config(pbx.port, hub, staff));
    await pbx.resume();
    return pbx;
  }

  /** Starts it (again) on its port. */
  async resume() {
    const args = ['-f', this.config, '-Y', this.home, '-P', join(this.home, 'pid'), '-DD', '-E', '-m', '32', '-M', '4', '-n', '2'];
    this.process = spawn('/usr/sbin/kamailio', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.log = [];
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.log.push(text);
        if (this.log.length > 500) this.log.shift();
      });
    }
    this.exited = once(this.process, 'exit');
    await eventually(`the PBX starts:\n${this.log.join('')}`, () => {
      if (this.process.exitCode !== null) throw new Error(`the PBX ended:\n${this.log.join('')}`);
      return this.log.some((text) => text.includes('PBX is up'));
    });
  }

  async close() {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      // Its workers are processes of their own in one group.
      process.kill(-this.process.pid, 'SIGTERM');
      const slow = setTimeout(() => process.kill(-this.process.pid, 'SIGKILL'), 5_000);
      await this.exited;
      clearTimeout(slow);
    }
  }
}

const config = (port, hub, staff) => `#!KAMAILIO
debug=2
log_stderror=yes
children=2
auto_aliases=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
tcp_children=1
disable_tls=yes
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "xlog.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "min_expires", 20)
modparam("rr", "enable_full_lr", 1)

event_route[core:worker-one-init] {
  xlog("L_ERR", "PBX is up\\n");
}

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS") && uri == myself && $rU == $null) { sl_send_reply("200", "OK"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    if (!is_method("ACK")) sl_send_reply("481", "Call/Transaction Does Not Exist");
    exit;
  }
  if (is_method("REGISTER")) {
    if (!pv_auth_check("$fd", "${PBX_PASSWORD}", "0", "0")) { auth_challenge("$fd", "1"); exit; }
    save("location");
    exit;
  }
  if (is_method("INVITE")) {
    if (!pv_auth_check("$fd", "${PBX_PASSWORD}", "0", "0")) { auth_challenge("$fd", "1"); exit; }
    consume_credentials();
    record_route();
  }
  if ($rU =~ "${staff}") {
    $du = "sip:${hub}";
    t_relay();
    exit;
  }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
`;
