import { mount } from 'svelte';

import './app.css';
import App from './App.svelte';
import { page } from './ui/state.svelte.ts';

page.start();
mount(App, { target: document.getElementById('app') as HTMLElement });
