import { Status } from 'google-gax';
import { VisionError } from '../vision.ts';

/** Why Google did not analyse a picture or a whole batch. */
export class GoogleVisionError extends VisionError {
  /** Whether the failure may be over within minutes. */
  readonly mayPass: boolean;
  /** Google bills answers, not refusals; if the answer was lost, it may have been billed. */
  readonly mayBeBilled: boolean;

  constructor(message: string, { mayPass, mayBeBilled, ...options }: Kind & ErrorOptions) {
    super(message, options);
    this.mayPass = mayPass;
    this.mayBeBilled = mayBeBilled;
  }
}

interface Kind {
  mayPass: boolean;
  mayBeBilled: boolean;
  isFinal: boolean;
}

const AWAY: Kind = { mayPass: true, mayBeBilled: true, isFinal: false };
const REFUSED: Kind = { mayPass: false, mayBeBilled: false, isFinal: true };

const KINDS: Partial<Record<Status, Kind & { message: string }>> = {
  [Status.RESOURCE_EXHAUSTED]: {
    message: "Google Vision's quota is used up; the analysis can be run again",
    // Waiting helps with a quota per minute, not with one per day; then a retry of the whole analysis would only repeat answered requests.
    ...REFUSED,
    mayPass: true,
  },
  [Status.PERMISSION_DENIED]: { message: refuses('this server, its project or its billing account'), ...REFUSED },
  [Status.UNAUTHENTICATED]: { message: refuses("this server's credentials"), ...REFUSED },
  [Status.INVALID_ARGUMENT]: { message: 'Google Vision cannot read a picture of the recording; the analysis can be run again', ...REFUSED },
  [Status.FAILED_PRECONDITION]: { message: refuses('the request'), ...REFUSED },
  [Status.NOT_FOUND]: { message: refuses('the request'), ...REFUSED },
  [Status.UNIMPLEMENTED]: { message: refuses('the request'), ...REFUSED },
  [Status.DEADLINE_EXCEEDED]: { message: 'Google Vision does not answer in time; the analysis can be run again', ...AWAY },
};

const OTHER = { message: 'Google Vision cannot be reached or is not working; the analysis can be run again', ...AWAY };

function refuses(what: string): string {
  return `Google Vision refuses ${what}: the server's log says why; the analysis can be run again once that is fixed`;
}

/** How gRPC reports that a request never left this machine. */
const NEVER_SENT = /^(\d+ \w+: )?(No connection established|Name resolution failed|Getting metadata from plugin failed)/;
/** How google-auth-library and the token service report bad credentials. */
const BAD_CREDENTIALS = /invalid_grant|invalid_client|unauthorized_client|default credentials|private key|DECODER routines/i;

/** @param error as thrown by Google's client, or the `error` of one picture. */
export function toFailure(error: { code?: number | string | null; message?: string | null }): GoogleVisionError {
  const text = error.message ?? '';
  const code = BAD_CREDENTIALS.test(text) ? Status.UNAUTHENTICATED : Number(error.code);
  const { message, ...kind } = KINDS[code as Status] ?? OTHER;
  return new GoogleVisionError(message, {
    ...kind,
    ...(NEVER_SENT.test(text) && { mayBeBilled: false }),
    cause: error instanceof Error ? error : new Error(`${code} ${text}`),
  });
}
