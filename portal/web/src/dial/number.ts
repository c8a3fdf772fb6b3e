/** What a person types as a telephone number. Pure. The server decides what may be dialled. */

/** Longest number that the server takes. */
export const MAX_NUMBER = 32;

/** Full-width forms of an input method, and what separates groups of digits. */
const FULL_WIDTH = /[！-～]/g;
const SEPARATORS = /[\s\-().·]/g;

/** The characters that are dialled, or `null` when this is no number but, say, a name. */
export function dialable(text: string): string | null {
  const ascii = text.replace(FULL_WIDTH, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const number = ascii.replace(SEPARATORS, '');
  return /^\+?[0-9*#]+$/.test(number) && number.length <= MAX_NUMBER ? number : null;
}

/** The digits of a text that can be sent in a call, in order; everything else is left out. */
export function digitsOf(text: string): string {
  const ascii = text.replace(FULL_WIDTH, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  return ascii.replace(/[^0-9*#A-D]/gi, '').toUpperCase();
}
