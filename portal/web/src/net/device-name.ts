/** Browsers by the token of their user agent; the first that matches wins, for each names those after it as well. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bOPR\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMacintosh\b/, 'Mac'],
  [/\bLinux\b/, 'Linux'],
];

/** What this device calls itself towards its person's other devices, e.g. `Chrome · Windows`. */
export function deviceName(userAgent: string): string {
  const find = (table: typeof BROWSERS): string => table.find(([token]) => token.test(userAgent))?.[1] ?? '';
  return [find(BROWSERS) || 'Browser', find(SYSTEMS)].filter(Boolean).join(' · ');
}
