import { connect } from './host';
import { startPanel } from './panel';

startPanel(document.body, connect());
