import { mount } from 'svelte';

import './ui/tokens.css';
import './ui/base.css';

import App from './app/App.svelte';
import { startLife } from './app/life.svelte';
import { startRouter } from './app/router.svelte';
import { startTheme } from './app/theme.svelte';
import { startWorker } from './app/worker';
import { startLanguage } from './i18n';
import { startInstall } from './settings/install.svelte';

startLanguage();
startTheme();
startRouter();
startLife();
startInstall();
if (import.meta.env.PROD) void startWorker();

const target = document.getElementById('app');
if (target) mount(App, { target });
