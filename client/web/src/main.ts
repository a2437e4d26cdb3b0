import { mount } from 'svelte';

import './app.css';
import App from './App.svelte';
import { restoreToken } from './api/token.ts';
import { page } from './ui/state.svelte.ts';

restoreToken(sessionStorage);
page.start();
mount(App, { target: document.getElementById('app') as HTMLElement });
