/** Plays an element; false when the browser waits for a gesture of the person. */
export async function play(element: HTMLMediaElement): Promise<boolean> {
  try {
    await element.play();
    return true;
  } catch (error) {
    // An element that is given another stream while it starts aborts; only a refusal needs the person.
    return !(error instanceof DOMException && error.name === 'NotAllowedError');
  }
}

/** Whether this browser lets a page choose the speaker. */
export function canChooseSpeaker(): boolean {
  return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
}

/** Sends an element's sound to a speaker; empty is the system's default. False when the speaker cannot be used. */
export async function useSpeaker(element: HTMLMediaElement, id: string): Promise<boolean> {
  if (!canChooseSpeaker() || element.sinkId === id) return true;
  try {
    await element.setSinkId(id);
    return true;
  } catch {
    return false;
  }
}
