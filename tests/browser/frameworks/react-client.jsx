import 'kmseal/define';
import { hydrateRoot } from 'react-dom/client';
import { Form } from './hydrated.jsx';

const app = document.querySelector('#app');
hydrateRoot(app, <Form {...JSON.parse(app.dataset.props)} />);
