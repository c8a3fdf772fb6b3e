import type { Key } from '../i18n';

type Greeting = Extract<Key, 'home.morning' | 'home.afternoon' | 'home.evening'>;

/** The greeting of an hour of the day, 0 to 23. */
export function greetingAt(hour: number): Greeting {
  if (hour >= 5 && hour < 12) return 'home.morning';
  if (hour >= 12 && hour < 18) return 'home.afternoon';
  return 'home.evening';
}

/** How people are greeted: a Chinese given name is the name without the surname, where that is certain. */
export function calledName(name: string): string {
  const chars = [...name.replace(/[\s\u3000]/gu, '')];
  const chinese = chars.every((char) => /\p{Script=Han}/u.test(char));
  return chinese && chars.length === 3 ? chars.slice(1).join('') : name;
}
