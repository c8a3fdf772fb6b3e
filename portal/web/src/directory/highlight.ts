/** Finds what a search matched inside a text, so that the page can mark it. */

export interface Segment {
  text: string;
  hit: boolean;
}

/**
 * Written variants that people type for one another. The server folds the same ones before it compares; here they only
 * decide what is marked.
 */
const VARIANTS: Readonly<Record<string, string>> = {
  台: '臺',
  黄: '黃',
  峯: '峰',
  堃: '坤',
  群: '羣',
  裡: '裏',
};

interface Folded {
  text: string;
  /** For each code unit of `text`: from where to where it stood in the original. */
  from: number[];
  to: number[];
}

/** Compares as the search does: width, case and written variants do not count, nor blanks inside a name. */
function fold(original: string): Folded {
  const folded: Folded = { text: '', from: [], to: [] };
  let at = 0;
  for (const char of original) {
    const plain = char.normalize('NFKC').toLowerCase();
    const piece = plain.trim() === '' ? '' : [...plain].map((one) => VARIANTS[one] ?? one).join('');
    for (let i = 0; i < piece.length; i++) {
      folded.from.push(at);
      folded.to.push(at + char.length);
    }
    folded.text += piece;
    at += char.length;
  }
  return folded;
}

/** Cuts a text into pieces that the query's words match and pieces between them. */
export function highlight(text: string, query: string): Segment[] {
  const folded = fold(text);
  const hits = new Array<boolean>(text.length).fill(false);
  for (const word of query.split(/\s+/)) mark(folded, fold(word).text, hits);
  return cut(text, hits);
}

function mark(folded: Folded, word: string, hits: boolean[]): void {
  if (word === '') return;
  for (let at = folded.text.indexOf(word); at >= 0; at = folded.text.indexOf(word, at + word.length)) {
    const start = folded.from[at] ?? 0;
    const end = folded.to[at + word.length - 1] ?? start;
    hits.fill(true, start, end);
  }
}

function cut(text: string, hits: readonly boolean[]): Segment[] {
  const segments: Segment[] = [];
  for (let start = 0; start < text.length;) {
    const hit = hits[start] ?? false;
    const change = hits.indexOf(!hit, start);
    const end = change < 0 ? text.length : change;
    segments.push({ text: text.slice(start, end), hit });
    start = end;
  }
  return segments;
}
