import type { PlainKey } from '../i18n';

/** What the app cannot do without, as texts that name it. Empty: everything is there. */
export function missingFeatures(scope: Partial<Window & typeof globalThis> = window): PlainKey[] {
  const missing: PlainKey[] = [];
  if (scope.isSecureContext === false) missing.push('app.unsupported.secure');
  if (!scope.RTCPeerConnection) missing.push('app.unsupported.webrtc');
  if (!scope.WebSocket) missing.push('app.unsupported.socket');
  if (typeof scope.HTMLDialogElement?.prototype.showModal !== 'function')
    missing.push('app.unsupported.dialog');
  return missing;
}
