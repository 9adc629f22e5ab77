import 'kmseal/define';
import { render as renderSvelte } from 'svelte/server';
import Hydrated from './Hydrated.svelte';

export const render = (props) => renderSvelte(Hydrated, { props }).body;
