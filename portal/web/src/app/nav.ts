import type { PlainKey } from '../i18n';
import type { IconName } from '../ui/icons/paths';
import type { Route } from './routes';

export interface NavItem {
  name: Route['name'];
  to: Route;
  icon: IconName;
  label: PlainKey;
  /** For administrators only; on phones it is reached from the settings. */
  admin?: boolean;
}

/** The pages of the main menu, in its order. */
export const NAV: readonly NavItem[] = [
  { name: 'home', to: { name: 'home' }, icon: 'home', label: 'app.nav.home' },
  {
    name: 'directory',
    to: { name: 'directory', unit: null, person: null },
    icon: 'directory',
    label: 'app.nav.directory',
  },
  { name: 'dial', to: { name: 'dial', number: '' }, icon: 'keypad', label: 'app.nav.dial' },
  { name: 'history', to: { name: 'history', filter: 'all' }, icon: 'clock', label: 'app.nav.history' },
  {
    name: 'admin',
    to: { name: 'admin', section: 'records' },
    icon: 'shield',
    label: 'admin.title',
    admin: true,
  },
  { name: 'settings', to: { name: 'settings' }, icon: 'settings', label: 'app.nav.settings' },
];
