import { z } from 'zod';

/**
 * The documented answers. Every member is declared: tests fail on an answer with any other. Handlers return dates, which clients
 * get as RFC 3339 in UTC.
 */

export const time = z
  .custom<Date>((value) => value instanceof Date || (typeof value === 'string' && !Number.isNaN(Date.parse(value))), 'must be a time')
  .meta({ type: 'string', format: 'date-time' });

export const lower = <const T extends readonly [string, ...string[]]>(...names: T) => z.enum(names);
const share = z.number().min(0).max(1);

const examId = z.string().meta({ description: 'Id of the exam.' });
const userId = z.string().meta({ description: "The LMS's own id of the user." });
export const recordingType = lower('webcam', 'screen').meta({ description: 'What the recording shows.' });
export const recordingStatus = lower('uploaded', 'processing', 'processed', 'failed').meta({ description: 'How far the analysis is.' });
const recordingSize = z.number().meta({ description: 'Bytes.' });

const settings = z.looseObject({
  webcam: z.boolean().meta({ description: 'Whether the webcam is recorded.' }),
  screenRecording: z.boolean().meta({ description: 'Whether the screen is recorded.' }),
  audioRecording: z.boolean().meta({ description: 'Whether sound is recorded.' }),
  browserLock: z.boolean().meta({ description: 'Whether the client locks the browser.' }),
  aiDetection: z
    .looseObject({
      enabled: z.boolean().meta({ description: 'Whether recordings and snapshots are analysed.' }),
      sensitivity: lower('low', 'medium', 'high').meta({ description: 'How long something must last before it is a warning.' }),
    })
    .meta({ description: 'The analysis of recordings and snapshots.' }),
  admission: lower('automatic', 'proctor').optional().meta({ description: 'How candidates who join get into the exam, where given.' }),
  candidateView: lower('never', 'after_end', 'live')
    .optional()
    .meta({ description: 'When candidates see the warnings about themselves, where given.' }),
});

const examMembers = {
  id: examId,
  title: z.string().meta({ description: 'Title of the exam.' }),
  duration: z.number().meta({ description: 'Minutes that a participant has.' }),
  settings: settings.meta({ description: 'The settings, with those that this server does not know as they were given.' }),
  status: lower('created', 'in_progress', 'completed', 'cancelled').meta({ description: 'State of the exam.' }),
  createdAt: time.meta({ description: 'When it was created.' }),
  startedAt: time.optional().meta({ description: 'When it was started.' }),
  endedAt: time.optional().meta({ description: 'When it ended or was cancelled.' }),
  opensAt: time.optional().meta({ description: 'Nobody may join earlier.' }),
  closesAt: time.optional().meta({ description: 'Nobody may begin later; whoever has begun keeps the full time.' }),
  contentUrl: z.string().optional().meta({ description: 'Address of the questions.' }),
  contentMode: lower('embedded', 'window').optional().meta({ description: 'Where the questions open, if they have an address.' }),
  accessUrl: z.string().meta({ description: 'The link for candidates.' }),
  adminUrl: z.string().optional().meta({ description: 'The link for proctors; only for API keys and proctors.' }),
};

export const exam = z.strictObject(examMembers);

export const examsPage = z.strictObject({
  exams: z.array(exam).meta({ description: 'Exams, newest first.' }),
  nextAfter: z.string().nullable().meta({ description: 'Id to continue after; null at the end.' }),
});

export const serverTime = z.strictObject({ serverTime: time.meta({ description: 'The time now.' }) });

export const viewer = z.strictObject({
  role: lower('admin', 'lms', 'proctor', 'participant', 'anonymous').meta({ description: 'What the credentials permit.' }),
  name: z.string().meta({ description: 'Who it is, as the log shows it.' }),
  examId: z.string().nullable().meta({ description: 'The only exam that a link or a token opens.' }),
  userId: z.string().nullable().meta({ description: 'The user of a participant.' }),
  organisation: z.string().nullable().meta({ description: 'The organisation whose exams are visible; null for admins.' }),
  expiresAt: time.nullable().meta({ description: 'When the token ends; null for API keys.' }),
});

export const proctorLink = z.strictObject({
  id: z.string().meta({ description: 'Id of the link.' }),
  name: z.string().meta({ description: 'Name of the proctor.' }),
  url: z.string().meta({ description: 'The link.' }),
  expiresAt: time.meta({ description: 'When it ends.' }),
  revokedAt: time.optional().meta({ description: 'When it was closed.' }),
});

export const proctorSession = z.strictObject({
  token: z.string().meta({ description: 'Token for this exam that bears the name.' }),
  name: z.string().meta({ description: 'The name as the log shows it.' }),
  expiresAt: time.meta({ description: 'When the token ends.' }),
});

export const participantStatus = lower(
  ...(['invited', 'checking_in', 'waiting', 'active', 'paused', 'disconnected', 'submitted', 'timed_out', 'terminated'] as const),
);

const participantMembers = {
  id: userId,
  name: z.string().nullable().meta({ description: 'Name as given by invitation or joining.' }),
  status: participantStatus.meta({ description: 'Where the participant is in the exam.' }),
  joinedAt: time.nullable().meta({ description: 'When the participant joined.' }),
};

const participant = z.strictObject(participantMembers);

const seatedMembers = {
  ...participantMembers,
  startedAt: time.nullable().meta({ description: "When the participant's time began to run." }),
  endsAt: time.nullable().meta({ description: 'When it is over; null while it does not run.' }),
  remainingSeconds: z.number().nullable().meta({ description: 'What is left of it; null before the start.' }),
};

export const seatedParticipant = z.strictObject(seatedMembers);

export const seatedParticipants = z.strictObject({
  participants: z.array(seatedParticipant).meta({ description: 'Those who changed.' }),
});

export const invited = z.strictObject({
  participants: z
    .array(
      z.strictObject({
        ...participantMembers,
        group: z.string().nullable().meta({ description: "Room, class or proctor's share." }),
        extraMinutes: z.number().meta({ description: "Minutes in addition to the exam's duration." }),
        accessUrl: z.string().meta({ description: 'The personal link of this candidate.' }),
      }),
    )
    .meta({ description: 'The participants, in the order of the request.' }),
});

const count = (of: string) => z.number().meta({ description: of });

export const counts = z
  .strictObject({
    info: count('Warnings of severity info.'),
    low: count('Of severity low.'),
    medium: count('Of severity medium.'),
    high: count('Of severity high.'),
    critical: count('Of severity critical.'),
    unreviewed: count('Those of low and above on which nobody has decided.'),
  })
  .meta({ description: 'How many warnings there are about the participant.' });

export const listedParticipant = z.strictObject({
  ...seatedMembers,
  group: z.string().nullable().meta({ description: "Room, class or proctor's share." }),
  review: lower('not_reviewed', 'in_review', 'passed', 'suspicious', 'violation', 'contested', 'upheld', 'overturned').meta({
    description: 'What people decided about the participant.',
  }),
  handRaised: z.boolean().meta({ description: 'Whether the hand is raised.' }),
  lastSeenAt: time.nullable().meta({ description: 'When the participant was last seen.' }),
  warnings: counts,
});

export const participantsPage = z.strictObject({
  participants: z.array(listedParticipant).meta({ description: 'The participants, in the order in which they were added.' }),
  nextAfter: z.string().nullable().meta({ description: 'Where the next page begins: the value for `after`; null at the end.' }),
});

export const readmitted = z.strictObject({
  participant: seatedParticipant.meta({ description: 'The participant, in the exam again.' }),
  token: z.string().meta({ description: 'A new token for the participant.' }),
  expiresAt: time.meta({ description: 'When the token ends.' }),
});

export const notice = z.strictObject({
  version: z.string().meta({ description: 'Changes with the text.' }),
  text: z.string().meta({ description: 'What is recorded, who sees it and how long it is kept.' }),
  records: z.array(recordingType).meta({ description: 'What is recorded.' }),
  liveChecks: z.boolean().meta({ description: 'Whether software looks at the camera and the recordings.' }),
  retentionDays: z.number().nullable().meta({ description: 'Days for which recordings are kept; null: until they are erased.' }),
});

export const message = z.strictObject({
  id: z.string().meta({ description: 'Id of the message.' }),
  userId: z.string().nullable().meta({ description: 'The candidate whom it is to or from; null if it is to everybody.' }),
  from: lower('staff', 'participant', 'system').meta({ description: 'Who wrote.' }),
  by: z.string().meta({ description: 'Who wrote, by name; for candidates only `staff`.' }),
  text: z.string().meta({ description: 'What they wrote.' }),
  sentAt: time.meta({ description: 'When it was stored.' }),
  readAt: time.nullable().meta({ description: 'When the other side marked it as read.' }),
});

export const messages = z.strictObject({ messages: z.array(message).meta({ description: 'Messages, oldest first.' }) });

const warningMembers = {
  timestamp: time.meta({ description: 'When it happened.' }),
  type: z.string().meta({ description: 'Type of the warning.' }),
  userId: z.string().nullable().meta({ description: 'The user whom it concerns.' }),
  details: z.string().nullable().meta({ description: 'Text for the proctor.' }),
  id: z.string().meta({ description: 'Id of the warning.' }),
  severity: lower('info', 'low', 'medium', 'high', 'critical').meta({ description: 'How serious this type is.' }),
  source: lower('client', 'analysis', 'proctor', 'system').meta({ description: 'Who raised it.' }),
  endedAt: time.optional().meta({ description: 'When an episode that lasted ended.' }),
};

const loggedWarning = z.strictObject({ ...warningMembers, seq: z.number().meta({ description: 'Position in the log of the exam.' }) });

export const reviewStatus = lower('not_reviewed', 'in_review', 'passed', 'suspicious', 'violation', 'contested', 'upheld', 'overturned');
const reviewed = { ...participantMembers, review: reviewStatus.meta({ description: 'What people decided about the participant.' }) };
const decision = {
  reason: z.string().nullable().meta({ description: 'Why.' }),
  by: z.string().meta({ description: 'Who decided.' }),
  at: time.meta({ description: 'When.' }),
};

export const judged = z.strictObject({
  ...reviewed,
  verdict: z
    .strictObject({
      status: reviewStatus.meta({ description: 'What was decided.' }),
      ...decision,
      final: z.boolean().meta({ description: 'Whether it made the review what it says: a violation waits for another person.' }),
    })
    .meta({ description: 'The decision.' }),
});

export const contested = z.strictObject({
  ...reviewed,
  contest: z
    .strictObject({ text: z.string().meta({ description: 'The objection.' }), at: time.meta({ description: 'When it was made.' }) })
    .meta({ description: 'The objection of the participant.' }),
});

export const reviewedWarnings = z.strictObject({
  warnings: z
    .array(
      loggedWarning.extend({
        review: z
          .strictObject({ decision: lower('confirmed', 'dismissed').meta({ description: 'What was decided.' }), ...decision })
          .nullable()
          .meta({ description: 'The decision about it.' }),
      }),
    )
    .meta({ description: 'The warnings, each once, in the order of the request.' }),
});

export const wholeExam = z.strictObject({
  ...examMembers,
  participants: z.array(participant).meta({ description: 'The participants, in the order in which they came.' }),
  warnings: z.array(z.strictObject(warningMembers)).meta({ description: 'The newest 1,000 warnings, oldest first.' }),
  warningsTruncated: z.literal(true).optional().meta({ description: 'There are more warnings: read them from /warnings.' }),
});

export const warningsPage = z.strictObject({
  warnings: z.array(loggedWarning).meta({ description: 'Warnings, oldest first.' }),
  nextAfter: z.number().nullable().meta({ description: 'Position to continue after; null at the end.' }),
});

export const reportedWarnings = z.strictObject({
  warnings: z.array(loggedWarning).meta({ description: 'The stored warnings, in the order of the request.' }),
  suppressed: z
    .array(
      z.strictObject({
        index: z.number().meta({ description: 'Its place in the request, from 0.' }),
        type: z.string().meta({ description: 'Its type.' }),
      }),
    )
    .optional()
    .meta({ description: 'Those that are not stored, because the participant was granted that this type is not raised.' }),
});

export const heartbeat = z.strictObject({
  participant: z
    .strictObject({ ...participantMembers, lastSeenAt: time.nullable().meta({ description: 'When the participant was last seen.' }) })
    .meta({ description: 'The participant of the token.' }),
  serverTime: time.meta({ description: 'The time now.' }),
  endsAt: time.nullable().meta({ description: "When the participant's time is over; null while it does not run." }),
  remainingSeconds: z.number().nullable().meta({ description: 'What is left of it; null before the start.' }),
  renewedToken: z
    .strictObject({
      token: z.string().meta({ description: 'A new token.' }),
      expiresAt: time.meta({ description: 'When it ends.' }),
    })
    .optional()
    .meta({ description: 'A token in place of the one in use, if that ends before the time that was added.' }),
});

export const accommodations = z.strictObject({
  ...participantMembers,
  accommodations: z
    .array(
      z.strictObject({
        type: z.string().meta({ description: 'Type of warning that is not raised.' }),
        reason: z.string().meta({ description: 'Why.' }),
        by: z.string().meta({ description: 'Who granted it.' }),
        at: time.meta({ description: 'When it was granted.' }),
      }),
    )
    .meta({ description: 'What the participant was granted.' }),
});

export const submission = z.strictObject({
  id: z.string().meta({ description: 'Id of the submission.' }),
  examId,
  userId,
  status: z.literal('received').meta({ description: 'The submission is stored.' }),
  submittedAt: time.meta({ description: 'When it was stored.' }),
  warnings: z
    .strictObject({
      received: z.number().meta({ description: 'Warnings in the request.' }),
      stored: z.number().meta({ description: 'Those that were not stored before.' }),
    })
    .meta({ description: 'How many warnings came.' }),
  recordings: z
    .array(
      z.strictObject({
        id: z.string().meta({ description: 'Id of the recording.' }),
        type: recordingType,
        size: recordingSize,
        status: recordingStatus,
      }),
    )
    .meta({ description: 'The recordings that belong to the submission.' }),
  ignored: z
    .array(
      z.strictObject({
        field: z.string().meta({ description: 'Name of the field.' }),
        issue: z.string().meta({ description: 'Why it was not stored.' }),
      }),
    )
    .optional()
    .meta({ description: 'What came with the submission but was not stored: recordings without a picture.' }),
});

const analysis = z.strictObject({
  faceDetection: z
    .strictObject({
      facePresent: share.nullable().meta({ description: 'Share of the sampled frames with exactly one face.' }),
      multipleFaces: share.nullable().meta({ description: 'Share with several faces.' }),
      noFace: share.nullable().meta({ description: 'Share without a face.' }),
    })
    .optional()
    .meta({ description: 'Faces in a webcam recording; the three shares add up to 1.' }),
  suspiciousActivity: z
    .strictObject({
      phoneUsage: share.nullable().meta({ description: 'Share of the time with a phone in view.' }),
      lookingAway: share.nullable().meta({ description: 'Share of the time looking away.' }),
      talking: share.nullable().meta({ description: 'Share of the time with speech; null without sound.' }),
    })
    .optional()
    .meta({ description: 'What else was seen in a webcam recording.' }),
  suppressed: z.array(z.string()).optional().meta({ description: 'Types that were not raised, as an accommodation.' }),
  screen: z
    .strictObject({
      idle: share.nullable().meta({ description: 'Share of the time in which nothing changed.' }),
      blank: share.nullable().meta({ description: 'Share of the time with an empty picture.' }),
    })
    .optional()
    .meta({ description: 'The picture of a screen recording.' }),
});

export const recording = z.strictObject({
  id: z.string().meta({ description: 'Id of the recording.' }),
  examId,
  userId,
  type: recordingType,
  duration: z.number().nullable().meta({ description: 'Seconds, measured; null of a live recording.' }),
  size: recordingSize,
  format: z.string().meta({ description: 'webm or mp4.' }),
  createdAt: time.meta({ description: 'When it was stored, or started if live.' }),
  url: z.string().meta({ description: 'Where to download it with the same authorisation.' }),
  status: recordingStatus,
  live: z.literal(true).optional().meta({ description: 'Its chunks still arrive or are being joined.' }),
  nextChunk: z.number().optional().meta({ description: 'One more than the highest chunk that arrived, as long as more are accepted.' }),
  complete: z.boolean().optional().meta({ description: 'Of a recording in chunks: whether all have come that there are.' }),
  startedAt: time.optional().meta({ description: 'Of a recording in chunks: when it began.' }),
  spans: z
    .array(
      z.strictObject({
        startedAt: time.meta({ description: 'When this stretch was recorded.' }),
        offsetSeconds: z.number().meta({ description: 'Where it is in the file.' }),
        seconds: z.number().meta({ description: 'How long it is.' }),
      }),
    )
    .optional()
    .meta({ description: 'Of a recording in chunks: which part of the file was recorded when.' }),
  error: z.string().optional().meta({ description: 'Why the analysis failed.' }),
  note: z.string().optional().meta({ description: 'What is missing from it, or how it was put together.' }),
  analysis: analysis.optional().meta({ description: 'What the analysis found, once processed.' }),
});

export const chunk = z.strictObject({
  recordingId: z.string().meta({ description: 'Id of the recording.' }),
  index: z.number().meta({ description: 'Position of the chunk.' }),
  size: z.number().meta({ description: 'Bytes of the chunk.' }),
  sha256: z.string().meta({ description: 'Hash of the chunk, hexadecimal.' }),
});

export const receipt = z.strictObject({
  submissionId: z.string().meta({ description: 'Id of the submission.' }),
  examId,
  userId,
  submittedAt: time.meta({ description: 'When the submission was stored.' }),
  warningsReceived: z.number().meta({ description: 'Warnings in the submission.' }),
  warningsStored: z.number().meta({ description: 'Those of them that had not been reported before.' }),
  recordings: z
    .array(
      z.strictObject({
        id: z.string().meta({ description: 'Id of the recording.' }),
        type: recordingType,
        bytes: z.number().meta({ description: 'Bytes received.' }),
        sha256: z.string().meta({ description: 'Hash, hexadecimal.' }),
        hashOf: z
          .enum(['file', 'chunks'])
          .meta({ description: 'Of the file, or of the list of its chunks: a line `index hash` for each.' }),
        complete: z.boolean().meta({ description: 'Whether all of it is there.' }),
      }),
    )
    .meta({ description: 'All recordings of the participant, oldest first.' }),
  issuedAt: time.meta({ description: 'When the receipt was issued.' }),
  signature: z.string().meta({ description: 'All of it, signed: a JWS in compact form, Ed25519.' }),
});

export const snapshot = z.strictObject({
  examId,
  userId,
  takenAt: time.meta({ description: 'The time used: the one given if it is within the last 30 s, else the time of arrival.' }),
  analysed: z.boolean().meta({ description: 'Whether it is analysed, unless a newer one replaces it.' }),
  clockSkewSeconds: z
    .number()
    .optional()
    .meta({ description: "How far the client's clock is ahead (behind: negative), if its time was not used." }),
});

export const verification = z.strictObject({
  verified: z.boolean().meta({ description: 'Whether both pictures show the same person.' }),
  confidence: share.meta({ description: 'Calibrated probability that they do.' }),
  matchScore: share.meta({ description: 'Similarity of the two faces.' }),
  faceDetected: z.boolean().meta({ description: 'Whether both pictures show a face.' }),
  warnings: z.array(z.string()).meta({ description: 'What was wrong with the pictures.' }),
  id: z.string().meta({ description: 'Id of the verification.' }),
});

/** A route that sends a file instead of JSON. */
export const file = z.void().meta({ type: 'string', format: 'binary' });
