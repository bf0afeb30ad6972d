import { editorConnection } from '../connection';
import { startComparePanel } from './panel';
import { parseCompareHostMessage } from './protocol';

startComparePanel(document.body, editorConnection(parseCompareHostMessage));
