/** Which microphones, cameras and speakers there are, and which this person chose on this device. */

/** Kinds of devices to choose from. */
export type DeviceKind = 'mic' | 'camera' | 'speaker';

/** One choice. */
export interface DeviceOption {
  /** Id of the browser; changes when the person clears the site's data. */
  id: string;
  /** The system's name of it; empty until the person has allowed the use. */
  label: string;
}

const KINDS: Readonly<Record<MediaDeviceKind, DeviceKind>> = {
  audioinput: 'mic',
  videoinput: 'camera',
  audiooutput: 'speaker',
};
const STORAGE_KEY = 'switchboard.devices';

type Lists = Record<DeviceKind, DeviceOption[]>;
type Chosen = Partial<Record<DeviceKind, DeviceOption | null>>;

/** The devices of this computer, followed as they come and go. */
export class Devices {
  #lists = $state.raw<Lists>({ mic: [], camera: [], speaker: [] });
  #chosen = $state.raw<Chosen>(load());

  constructor(private readonly media: MediaDevices | undefined = navigator.mediaDevices) {
    this.media?.addEventListener?.('devicechange', () => void this.refresh());
  }

  /** Devices of a kind. Reading it in a template follows it. */
  list(kind: DeviceKind): readonly DeviceOption[] {
    return this.#lists[kind];
  }

  /** The device to use: the chosen one while it is there, else `undefined` for the system's default. */
  chosen(kind: DeviceKind): DeviceOption | undefined {
    const wish = this.#chosen[kind];
    return wish ? pick(this.#lists[kind], wish) : undefined;
  }

  /** Remembers a choice on this device; `undefined` goes back to the system's default. */
  choose(kind: DeviceKind, device: DeviceOption | undefined): void {
    const next: Chosen = { ...this.#chosen, [kind]: device ?? null };
    this.#chosen = next;
    save(next);
  }

  /** Reads the list again; names appear only after the person has allowed the use of a device. */
  async refresh(): Promise<void> {
    const lists: Lists = { mic: [], camera: [], speaker: [] };
    const found = await this.media?.enumerateDevices().catch(() => []);
    for (const { kind, deviceId, label } of found ?? []) {
      // "default" and "communications" are second names of devices that are in the list too.
      if (deviceId === '' || deviceId === 'default' || deviceId === 'communications') continue;
      lists[KINDS[kind]].push({ id: deviceId, label });
    }
    this.#lists = lists;
  }
}

/** Finds a remembered device: by id, else by name, since ids change when the site's data is cleared. */
export function pick(list: readonly DeviceOption[], wish: DeviceOption): DeviceOption | undefined {
  return (
    list.find((device) => device.id === wish.id) ??
    list.find((device) => device.label !== '' && device.label === wish.label)
  );
}

function load(): Chosen {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}');
    return typeof stored === 'object' && stored !== null ? (stored as Chosen) : {};
  } catch {
    return {};
  }
}

function save(chosen: Chosen): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(chosen));
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
}
