import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc/node';
import type { AdapterSearch } from './adapter-search';

// Between the engine and a process that has the GPU. Requests travel as JSON-RPC over standard input and output; float32 rows and results as
// bytes over the stream with this number, in the order of the requests that they belong to.
export const BYTES = 3;

/** Numbers a Gram matrix or a set of rows. */
interface Numbered {
  readonly id: number;
}

/** The first request: opens the GPU. */
export const openRequest = new RequestType0<AdapterSearch, void>('open');

export const openGramRequest = new RequestType<{ readonly d: number }, Numbered, void>('gram/open');
/** Followed by count x d float32. */
export const addToGramRequest = new RequestType<Numbered & { readonly count: number }, null, void>('gram/add');
/** Where a band begins and ends. */
export interface BandShape {
  readonly firstRow: number;
  readonly rows: number;
  readonly stride: number;
}
/** One for each band, followed by its sums. */
export const bandNotification = new NotificationType<BandShape>('gram/band');
/** Answered after the last band. */
export const takeGramRequest = new RequestType<Numbered, null, void>('gram/take');

export const openRowsRequest = new RequestType<{ readonly rows: number; readonly d: number }, Numbered | null, void>('rows/open');
/** Followed by count x d float32. */
export const addRowsRequest = new RequestType<Numbered & { readonly count: number }, null, void>('rows/add');
/** Followed by vectors x d float32; the answer by as many float32 as it says. */
export const applyGramRequest = new RequestType<Numbered & { readonly vectors: number }, number, void>('rows/applyGram');

export const releaseNotification = new NotificationType<Numbered>('release');
