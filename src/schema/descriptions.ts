/** Descriptions of fields and arguments that occur in several types. */

export const EXAM_ID = 'Id of the exam.';
export const USER_ID = "The LMS's own id of the user.";
export const RECORDING_ID = 'Id of the recording.';

/** Of names of people who decided something: see `shownName`. */
export const DECIDED_BY =
  'Name of the API key or of the personal admin link that did it; `proctor link` for the bearer of `Exam.adminUrl`, or the name that it gave itself (`enterConsole`) with `(shared link)` behind it. Participants read `staff` instead of a name.';
export const REASON = "Why, at most 2,000 characters; kept in the exam's log.";

export const AT_LEAST = 'Only warnings of this severity and above.';
export const ONLY_USER = "Only of this user, by the LMS's own id.";

/** For URLs: what they open comes first. */
export const SIGNED = 'Works without credentials for an hour or a little longer; read the field again for a new link.';

export const AFTER =
  'Position of the newest event that you know, such as `lastSeq` of the exam or the last `seq` received. Everything later is replayed. ' +
  'Without it the subscription begins with the next event. Error RESYNC_REQUIRED, with `oldestSeq`, if the log does not hold what ' +
  'follows this position: read the exam again and continue from there.';

export const AFTER_AT =
  'When the event at `after` happened (`at` of an event, `recordedAt` of a warning). If another event is at that position, because the ' +
  'server was restored from a backup, the error is RESYNC_REQUIRED: without this argument you would continue in another history.';

/** For subscriptions to the log. */
export const CURRENT_STATE =
  'The positions are those of the log, but an object shows the state of now, not of then: at least as new as its event, and in a ' +
  'replay usually the newest. A warning that is replayed may already be ended and reviewed, before the events that say so arrive.';
