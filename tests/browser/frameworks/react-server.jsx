import 'kmseal/define';
import { renderToString } from 'react-dom/server';
import { Form } from './hydrated.jsx';

export const render = (props) => renderToString(<Form {...props} />);
