import * as v from 'valibot';
import type { RawLayout } from '../src/engine/protocol';
import { rawLayout } from './protocol';

/** What a person has set in the panel, kept while it is hidden and across reloads. */
export interface ViewState {
  /** Of the file or folder that the panel is of: the panel of a folder is made anew from it. */
  readonly path: string | null;
  readonly tensor: string | null;
  /** How the numbers of the file lie, where a person has said it; null elsewhere. */
  readonly layout: RawLayout | null;
  /** Whether the spectrum's rank axis is logarithmic. */
  readonly logRank: boolean;
  /** Whether its eigenvalue axis is. */
  readonly logValue: boolean;
  /** Key of the quantity whose bounds are shown; null for the first that has some. */
  readonly bounds: string | null;
  readonly filter: string;
  /** Ids of the details that stand open. */
  readonly open: readonly string[];
}

const INITIAL: ViewState = { path: null, tensor: null, layout: null, logRank: true, logValue: true, bounds: null, filter: '', open: [] };

/** What was saved, member by member, with the initial value where a member is missing or of another type. */
export function restoreViewState(saved: unknown): ViewState {
  if (typeof saved !== 'object' || saved === null) return INITIAL;
  const { path, tensor, layout, logRank, logValue, bounds, filter, open } = saved as Record<string, unknown>;
  return {
    path: typeof path === 'string' ? path : INITIAL.path,
    tensor: typeof tensor === 'string' ? tensor : INITIAL.tensor,
    layout: v.is(rawLayout, layout) ? layout : INITIAL.layout,
    logRank: typeof logRank === 'boolean' ? logRank : INITIAL.logRank,
    logValue: typeof logValue === 'boolean' ? logValue : INITIAL.logValue,
    bounds: typeof bounds === 'string' ? bounds : INITIAL.bounds,
    filter: typeof filter === 'string' ? filter : INITIAL.filter,
    open: Array.isArray(open) ? open.filter((id) => typeof id === 'string') : INITIAL.open,
  };
}
