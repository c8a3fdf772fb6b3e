import { describe, expect, it } from 'vitest';

import tokens from './tokens.css?raw';

type Theme = 'light' | 'dark';

/** The colour of a token in a theme, as sRGB bytes. */
function color(name: string, theme: Theme): [number, number, number] {
  const both = new RegExp(`--color-${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(tokens);
  const single = new RegExp(`--color-${name}: (#[0-9a-f]{6})`).exec(tokens);
  const hex = both?.[theme === 'light' ? 1 : 2] ?? single?.[1];
  if (!hex) throw new Error(`no colour ${name}`);
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
}

/** Relative luminance, WCAG 2.1. */
function luminance(rgb: [number, number, number]): number {
  const [r, g, b] = rgb.map((byte) => {
    const c = byte / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string, theme: Theme): number {
  const [dark, light] = [luminance(color(a, theme)), luminance(color(b, theme))].sort((x, y) => x - y) as [
    number,
    number,
  ];
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ['bg', 'surface', 'raised', 'sunken', 'hover'];
const TEXT_PAIRS: [string, string][] = [
  ...GROUNDS.flatMap((ground): [string, string][] => [
    ['text', ground],
    ['muted', ground],
    ['accent', ground],
    ['danger', ground],
  ]),
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['on-accent-soft', 'accent-soft'],
  ['text', 'accent-soft'],
  ['on-danger', 'danger'],
  ['on-danger-soft', 'danger-soft'],
  ['on-warn-soft', 'warn-soft'],
  ['text', 'highlight'],
  ['on-stage', 'stage'],
  ['stage-muted', 'stage'],
  ['stage-muted', 'stage-deep'],
];
const SHAPE_PAIRS: [string, string][] = ['outline', 'ok', 'away', 'offline', 'focus', 'warn'].flatMap(
  (shape) => ['bg', 'surface', 'raised'].map((ground): [string, string] => [shape, ground]),
);

describe.each(['light', 'dark'] as const)('%s theme', (theme) => {
  it.each(TEXT_PAIRS)('%s on %s can be read (4.5:1)', (text, ground) => {
    expect(contrast(text, ground, theme)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(SHAPE_PAIRS)('%s on %s can be seen (3:1)', (shape, ground) => {
    expect(contrast(shape, ground, theme)).toBeGreaterThanOrEqual(3);
  });
});
