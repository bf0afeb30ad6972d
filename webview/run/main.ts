import { editorConnection } from '../connection';
import { startRunPanel } from './panel';
import { parseRunHostMessage } from './protocol';

startRunPanel(document.body, editorConnection(parseRunHostMessage));
