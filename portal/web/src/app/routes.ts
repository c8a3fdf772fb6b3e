/** The map of the app: every address and the route that it means. Pure; `router.svelte.ts` ties it to the browser. */
export type Route =
  | { name: 'home' }
  /** `unit`: the tier where one stands, `null` = the whole city; `person`: whose card is open. */
  | { name: 'directory'; unit: string | null; person: string | null }
  /** `number`: what is in the field when the page opens. */
  | { name: 'dial'; number: string }
  | { name: 'history'; filter: 'all' | 'missed' }
  | { name: 'admin'; section: 'records' | 'trunks' | 'phones' }
  | { name: 'settings' }
  | { name: 'unknown' };

export const HOME: Route = { name: 'home' };

const SEGMENT = /^[A-Za-z0-9-]{1,64}$/;

/** The route of an address; whatever is no address of ours is `unknown`, never an error. */
export function parseRoute(pathname: string, search = ''): Route {
  const [first, second, ...rest] = pathname.split('/').filter((part) => part !== '');
  if (rest.length > 0) return { name: 'unknown' };
  const query = new URLSearchParams(search);
  switch (first) {
    case undefined:
    case 'index.html':
      return HOME;
    case 'directory':
      return { name: 'directory', unit: id(second), person: id(query.get('person')) };
    case 'dial':
      return { name: 'dial', number: (query.get('number') ?? '').slice(0, 32) };
    case 'history':
      return { name: 'history', filter: query.get('filter') === 'missed' ? 'missed' : 'all' };
    case 'admin':
      if (second === undefined || second === 'records') return { name: 'admin', section: 'records' };
      if (second === 'trunks' || second === 'phones') return { name: 'admin', section: second };
      return { name: 'unknown' };
    case 'settings':
      return { name: 'settings' };
    default:
      return { name: 'unknown' };
  }
}

/** The address of a route. */
export function hrefOf(route: Route): string {
  switch (route.name) {
    case 'directory': {
      const base = route.unit === null ? '/directory' : `/directory/${route.unit}`;
      return route.person === null ? base : `${base}?person=${route.person}`;
    }
    case 'dial':
      return route.number === '' ? '/dial' : `/dial?number=${encodeURIComponent(route.number)}`;
    case 'history':
      return route.filter === 'missed' ? '/history?filter=missed' : '/history';
    case 'admin':
      return `/admin/${route.section}`;
    case 'settings':
      return '/settings';
    default:
      return '/';
  }
}

function id(text: string | null | undefined): string | null {
  return text && SEGMENT.test(text) ? text : null;
}
