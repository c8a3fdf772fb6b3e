/**
 * The texts of one area of the app in both languages. The Chinese table says which keys exist; the English one must
 * have exactly the same.
 */
export interface AreaTexts<Zh extends Record<string, string>> {
  readonly zh: Zh;
  readonly en: Readonly<Record<keyof Zh, string>>;
}

/**
 * Declares an area's texts. In a text, `{name}` is replaced by the parameter `name`; `{count|person|people}` by the
 * first word when the parameter `count` is 1, by the second otherwise.
 */
export function defineTexts<const Zh extends Record<string, string>>(texts: AreaTexts<Zh>): AreaTexts<Zh> {
  return texts;
}

/** Names of the parameters of a text. */
export type ParamsOf<Text extends string> = Text extends `${string}{${infer Slot}}${infer Rest}`
  ? (Slot extends `${infer Name}|${string}` ? Name : Slot) | ParamsOf<Rest>
  : never;

/** The values for the parameters of a text. */
export type ParamValues<Text extends string> = Record<ParamsOf<Text>, string | number>;

const SLOT = /\{([a-z_]+)(?:\|([^|}]*)\|([^}]*))?\}/g;

/** Puts values into a text's slots. A slot without a value stays as it is, so the fault can be seen. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(SLOT, (slot, name: string, one?: string, other?: string) => {
    const value = values[name];
    if (value === undefined) return slot;
    if (one === undefined || other === undefined) return String(value);
    return Number(value) === 1 ? one : other;
  });
}

/** Names of the slots of a text, sorted. */
export function slots(text: string): string[] {
  return [...new Set([...text.matchAll(SLOT)].map((match) => match[1] ?? ''))].sort();
}
