import 'kmseal/define';
import { hydrate } from 'svelte';
import Hydrated from './Hydrated.svelte';

const target = document.querySelector('#app');
hydrate(Hydrated, { target, props: JSON.parse(target.dataset.props) });
