import { hrefOf, parseRoute, type Route } from './routes';

const state = $state<{ route: Route }>({ route: parseRoute(location.pathname, location.search) });
let moved = false;

/** Where we are. */
export function route(): Route {
  return state.route;
}

/** Whether the person has changed the page since the app was opened: only then a page takes the focus. */
export function navigated(): boolean {
  return moved;
}

/** Goes to a route; `replace` leaves no step to come back to. */
export function navigate(to: Route, options: { replace?: boolean } = {}): void {
  const href = hrefOf(to);
  if (options.replace || href === location.pathname + location.search) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  moved = true;
  state.route = to;
}

/** Follows the back button, and links inside the app; returns what undoes that. */
export function startRouter(): () => void {
  const back = () => {
    moved = true;
    state.route = parseRoute(location.pathname, location.search);
  };
  window.addEventListener('popstate', back);
  document.addEventListener('click', followLink);
  return () => {
    window.removeEventListener('popstate', back);
    document.removeEventListener('click', followLink);
  };
}

/** Takes a press on a link into the app's own hands, unless it asks for a new tab, a download or another site. */
function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
    return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return;
  // A jump within the page, such as the skip link.
  if (link.hash !== '' && link.pathname === location.pathname) return;
  const to = parseRoute(link.pathname, link.search);
  if (to.name === 'unknown') return;
  event.preventDefault();
  navigate(to);
}
