// What the server is told about telephones in the stories.
import { PBX_PASSWORD } from './pbx.mjs';

/** One trunk to a PBX on the loopback address with the extensions 1000 to 1099; telephones may register at the same port. */
export function trunkConfig({ sip, pbx }) {
  return `[sip]
listen = ["127.0.0.1:${sip}"]
domain = "127.0.0.1"
patterns = ["10XX", "[2-9]XXX"]
[[sip.trunks]]
name = "pbx"
host = "127.0.0.1"
port = ${pbx}
register = true
user = "hub"
password = "${PBX_PASSWORD}"
options_seconds = 5
`;
}
