import type { PlainKey } from '../i18n';

/** The part of the window that is looked at. */
interface Features {
  isSecureContext?: boolean;
  RTCPeerConnection?: unknown;
  WebSocket?: unknown;
  HTMLDialogElement?: { prototype: { showModal?: unknown } };
}

/** What the app cannot do without, as texts that name it. Empty: everything is there. */
export function missingFeatures(scope: Features = window): PlainKey[] {
  const missing: PlainKey[] = [];
  if (scope.isSecureContext === false) missing.push('app.unsupported.secure');
  if (!scope.RTCPeerConnection) missing.push('app.unsupported.webrtc');
  if (!scope.WebSocket) missing.push('app.unsupported.socket');
  if (typeof scope.HTMLDialogElement?.prototype.showModal !== 'function')
    missing.push('app.unsupported.dialog');
  return missing;
}
