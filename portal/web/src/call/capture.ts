import type { Source } from '../gen/wire';
import type { Devices } from './devices.svelte';
import { environmentProblem, MediaProblem, problemOf } from './problems';

/** Largest picture asked of a camera. The server forwards one size to all, so a larger one costs everybody. */
const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
};
/** Shared screens: sharp letters matter more than motion. */
const SCREEN: MediaTrackConstraints = { frameRate: { ideal: 15, max: 30 } };

const MIC: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  channelCount: { ideal: 1 },
};

/** Microphone, camera and screen of this device. Each is open at most once, whatever calls use it. */
export class Capture {
  readonly #tracks = new Map<Source, MediaStreamTrack>();
  readonly #opening = new Map<Source, Promise<MediaStreamTrack>>();

  /**
   * @param onLost hears when a track ended by itself: unplugged, or the share ended in the browser's own bar
   */
  constructor(
    private readonly devices: Devices,
    private readonly onLost: (source: Source) => void,
  ) {}

  /** The open track of a source. */
  track(source: Source): MediaStreamTrack | null {
    return this.#tracks.get(source) ?? null;
  }

  /**
   * Opens a source, or returns its open track.
   *
   * @throws MediaProblem
   */
  open(source: Source): Promise<MediaStreamTrack> {
    const track = this.#tracks.get(source);
    if (track?.readyState === 'live') return Promise.resolve(track);
    const opening = this.#opening.get(source);
    if (opening) return opening;
    const started = this.#start(source).finally(() => this.#opening.delete(source));
    this.#opening.set(source, started);
    return started;
  }

  /** Stops a source: the light of the camera goes out, the share ends. */
  close(source: Source): void {
    const track = this.#tracks.get(source);
    this.#tracks.delete(source);
    track?.stop();
  }

  /** Stops everything. */
  closeAll(): void {
    for (const source of [...this.#tracks.keys()]) this.close(source);
  }

  async #start(source: Source): Promise<MediaStreamTrack> {
    const problem = environmentProblem(window);
    if (problem) throw new MediaProblem(source, problem);
    let stream: MediaStream;
    try {
      stream = await this.#request(source);
    } catch (error) {
      throw problemOf(source, error);
    }
    const track = stream.getTracks()[0];
    if (!track) throw new MediaProblem(source, 'missing');
    if (source === 'screen') track.contentHint = 'detail';
    track.addEventListener('ended', () => this.#ended(source, track));
    this.#tracks.get(source)?.stop();
    this.#tracks.set(source, track);
    void this.devices.refresh();
    return track;
  }

  #request(source: Source): Promise<MediaStream> {
    const media = navigator.mediaDevices;
    if (source === 'screen') {
      if (typeof media.getDisplayMedia !== 'function') throw new MediaProblem('screen', 'unsupported');
      return media.getDisplayMedia({ video: SCREEN, audio: false });
    }
    // `ideal`, not `exact`: a chosen device that is gone must not keep a person out of the call.
    const id = this.devices.chosen(source)?.id;
    const wanted = id === undefined ? {} : { deviceId: { ideal: id } };
    return source === 'mic'
      ? media.getUserMedia({ audio: { ...MIC, ...wanted } })
      : media.getUserMedia({ video: { ...CAMERA, ...wanted } });
  }

  #ended(source: Source, track: MediaStreamTrack): void {
    if (this.#tracks.get(source) !== track) return;
    this.#tracks.delete(source);
    this.onLost(source);
  }
}

/** Whether the person has allowed a device before, as far as the browser tells. */
export async function permission(device: 'mic' | 'camera'): Promise<PermissionState | 'unknown'> {
  const name = device === 'mic' ? 'microphone' : 'camera';
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    return 'unknown';
  }
}
