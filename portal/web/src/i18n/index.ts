/**
 * Texts and dates in both languages. Each area keeps its own texts in `<area>/texts.ts`; the list below is the one
 * place that knows them all.
 */
import admin from '../admin/texts';
import app from '../app/texts';
import devices from '../call/device-texts';
import call from '../call/texts';
import dial from '../dial/texts';
import directory from '../directory/texts';
import history from '../history/texts';
import home from '../home/texts';
import login from '../login/texts';
import settings from '../settings/texts';
import ui from '../ui/texts';
import { fill, type ParamsOf, type ParamValues } from './define';
import { language, type Language } from './language.svelte';

/** All areas; the test of completeness walks this list. */
export const AREAS = {
  admin,
  app,
  call,
  devices,
  dial,
  directory,
  history,
  home,
  login,
  settings,
  ui,
} as const;

const zh = {
  ...admin.zh,
  ...app.zh,
  ...call.zh,
  ...devices.zh,
  ...dial.zh,
  ...directory.zh,
  ...history.zh,
  ...home.zh,
  ...login.zh,
  ...settings.zh,
  ...ui.zh,
};

type Table = typeof zh;

/** A text of the app. */
export type Key = keyof Table;

/** Texts that take no parameters: safe to hold in a variable of keys. */
export type PlainKey = { [K in Key]: [ParamsOf<Table[K]>] extends [never] ? K : never }[Key];

const en: Readonly<Record<Key, string>> = {
  ...admin.en,
  ...app.en,
  ...call.en,
  ...devices.en,
  ...dial.en,
  ...directory.en,
  ...history.en,
  ...home.en,
  ...login.en,
  ...settings.en,
  ...ui.en,
};

const TABLES: Record<Language, Readonly<Record<Key, string>>> = { zh, en };

/** Parameters of `t` after the key: none, or one object with every slot of the text. */
type Values<K extends Key> = [ParamsOf<Table[K]>] extends [never] ? [] : [ParamValues<Table[K]>];

/** The text of a key in the language in use. In templates it follows a switch of the language. */
export function t<K extends Key>(key: K, ...values: Values<K>): string {
  const text: string = TABLES[language()][key];
  return values[0] === undefined ? text : fill(text, values[0]);
}

/** The right half of a text that the server gives in both languages. */
export function localized(text: { zh: string; en: string }): string {
  return text[language()];
}

export { language, LANGUAGES, setLanguage, startLanguage, type Language } from './language.svelte';
export { formatClock, formatDate, formatDateTime, formatDuration, formatWhen } from './dates';
