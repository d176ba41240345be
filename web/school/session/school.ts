import type {
  SchoolFactsFragment,
  SchoolMeQuery,
  SchoolPersonFragment,
  SchoolRowFragment,
  TypedDocumentString,
} from '../../generated/graphql.ts';
import { ApiError, createApi, NetworkError } from '../../shared/api.ts';
import { createStore } from '../../shared/store.ts';
import { keepKey, keptKey } from '../../staff/credential.ts';
import * as ask from './operations.ts';

export type Me = SchoolMeQuery['me'];
export type ExamRow = SchoolRowFragment;
export type ExamFacts = SchoolFactsFragment;
export type Person = SchoolPersonFragment;

/** Why nobody is signed in. */
export type Why = 'wrong' | 'candidate' | 'link' | 'revoked' | 'left' | 'network';

type Phase = { kind: 'loading' } | { kind: 'out'; why: Why | null } | { kind: 'in'; me: Me };

export interface SchoolState {
  phase: Phase;
  /** What was just done, for the eyes and for screen readers. */
  notice: { text: string; at: number } | null;
}

/** A report with the pictures of many warnings takes longer than other answers. */
const FILE_MS = 180_000;
const ROLES: ReadonlySet<Me['role']> = new Set(['ADMIN', 'LMS', 'PROCTOR']);

/** The exams of one school, as the bearer of its key sees them. @param root the server's address, with a slash at the end */
export function createSchool(root: URL) {
  const state = createStore<SchoolState>({ phase: { kind: 'loading' }, notice: null });
  let key = keptKey();
  const api = createApi({ root, token: () => key });

  function leave(why: Why | null): void {
    key = null;
    keepKey(null);
    state.set({ phase: { kind: 'out', why }, notice: null });
  }

  /** A key that was valid and is no more ends the session; whoever asked gets the error all the same. */
  async function whileValid<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'unauthorized' && state.get().phase.kind === 'in') leave('revoked');
      throw error;
    }
  }

  async function check(): Promise<void> {
    try {
      const { me } = await api.graphql(ask.SchoolMe, {});
      if (me.examId !== null) return leave(me.role === 'PARTICIPANT' ? 'candidate' : 'link');
      if (!ROLES.has(me.role)) return leave('wrong');
      if (key) keepKey(key);
      state.set({ phase: { kind: 'in', me } });
    } catch (error) {
      // The key may be good: only what the server refuses is forgotten.
      if (error instanceof NetworkError) return state.set({ phase: { kind: 'out', why: 'network' } });
      leave('wrong');
    }
  }

  return {
    state,
    root,
    /** With the key that this tab has kept. */
    async load(): Promise<void> {
      if (key) await check();
      else leave(null);
    },
    async signIn(given: string): Promise<void> {
      key = given;
      await check();
    },
    signOut: () => leave('left'),
    /** @throws ApiError, NetworkError */
    graphql: <Result, Variables>(
      document: TypedDocumentString<Result, Variables>,
      variables: Variables,
      options: { timeoutMs?: number } = {},
    ): Promise<Result> => whileValid(api.graphql(document, variables, options)),
    /** @param path below `/api` @throws ApiError, NetworkError */
    file: async (path: string): Promise<Blob> => (await whileValid(api.rest(path, { timeoutMs: FILE_MS }))).blob(),
    tell: (text: string) => state.set({ notice: { text, at: performance.now() } }),
    hush: () => state.set({ notice: null }),
  };
}

export type School = ReturnType<typeof createSchool>;
