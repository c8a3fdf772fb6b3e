/** What a device problem is about. */
export type Device = 'mic' | 'camera' | 'screen' | 'speaker';

/** Why a device cannot be used. */
export type ProblemKind =
  /** The person or the system refuses. */
  | 'denied'
  /** There is none. */
  | 'missing'
  /** Another program has it. */
  | 'busy'
  /** The page is not served over HTTPS, so the browser hides all devices. */
  | 'insecure'
  /** The browser cannot do this at all. */
  | 'unsupported'
  /** The person closed the choice of screens; nothing to tell. */
  | 'cancelled'
  /** It went away while in use. */
  | 'unplugged'
  | 'failed';

/** A microphone, camera, screen or speaker cannot be used. The screens have a text for each pair. */
export class MediaProblem extends Error {
  override readonly name = 'MediaProblem';

  constructor(
    readonly device: Device,
    readonly kind: ProblemKind,
  ) {
    super(`${device} ${kind}`);
  }
}

/** Names of the exceptions of `getUserMedia` and `getDisplayMedia` (Media Capture and Streams, section 10). */
const KINDS: Readonly<Record<string, ProblemKind>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  PermissionDeniedError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
  TypeError: 'unsupported',
  NotSupportedError: 'unsupported',
};

/** Turns an exception of the browser into a problem that can be told. */
export function problemOf(device: Device, error: unknown): MediaProblem {
  if (error instanceof MediaProblem) return error;
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  // One exception for two things; only the system's own refusal is worth a word.
  const system = typeof message === 'string' && /system/i.test(message);
  if (device === 'screen' && name === 'NotAllowedError' && !system)
    return new MediaProblem(device, 'cancelled');
  return new MediaProblem(device, KINDS[String(name)] ?? 'failed');
}

/** What the whole browser lacks for calls, or `null` when it can take part. */
export function environmentProblem(scope: {
  isSecureContext: boolean;
  RTCPeerConnection?: unknown;
  navigator: { mediaDevices?: { getUserMedia?: unknown } | undefined };
}): 'insecure' | 'unsupported' | null {
  if (typeof scope.RTCPeerConnection !== 'function') return 'unsupported';
  if (!scope.isSecureContext) return 'insecure';
  return typeof scope.navigator.mediaDevices?.getUserMedia === 'function' ? null : 'unsupported';
}
