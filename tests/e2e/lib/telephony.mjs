// What the server is told about telephones in the stories.
import { PBX_PASSWORD } from './pbx.mjs';

/** One trunk to a PBX on the loopback address, and its extensions 1000 to 1099. */
export function trunkConfig({ sip, pbx }) {
  return `[sip]
listen = ["127.0.0.1:${sip}"]
domain = "127.0.0.1"
[[sip.trunks]]
name = "pbx"
host = "127.0.0.1"
port = ${pbx}
protocol = "udp"
register = true
user = "hub"
auth_user = "hub"
password = "${PBX_PASSWORD}"
[sip.plan]
patterns = ["10XX"]
`;
}
