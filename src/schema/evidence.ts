import { evidenceOf, isComplete, type RecordingSpan as RecordingSpanValue, spansOfRecording } from '../resolvers/evidence.ts';
import type { EvidenceGap as Gap, EvidenceTrack as Track } from '../services/evidence/ledger.ts';
import { builder } from './builder.ts';
import { Participant } from './participant.ts';
import { Recording, RecordingTypeEnum } from './recording.ts';

const RecordingSpan = builder.objectRef<RecordingSpanValue>('RecordingSpan').implement({
  description: 'A stretch of a recording: when it was recorded, and where it is in the file.',
  fields: (t) => ({
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      description: "When it began, by the candidate's clock, corrected to the server's where it is wrong.",
    }),
    offsetSeconds: t.exposeFloat('offsetSeconds', { description: 'Its place in the file, in seconds from the start.' }),
    seconds: t.exposeFloat('seconds', { description: 'How long it is.' }),
  }),
});

// No `select` on fields of the row itself, for the reason given at Warning.
builder.prismaObjectFields(Recording, (t) => ({
  startedAt: t.expose('startedAt', {
    type: 'DateTime',
    nullable: true,
    description: 'When it began, as told by its chunks or, for a whole file, as far as is known. Null until its file was looked at.',
  }),
  complete: t.boolean({
    description: 'Whether all of it is there: no chunk is missing, and none is to come. True for a whole file.',
    resolve: isComplete,
  }),
  spans: t.field({
    type: [RecordingSpan],
    description: 'Which part of the file was recorded when, in order. Empty until its file was looked at.',
    resolve: spansOfRecording,
  }),
}));

const EvidenceGap = builder.objectRef<Gap>('EvidenceGap').implement({
  description: 'A time of which nothing was received, and why as far as is known.',
  fields: (t) => ({
    from: t.expose('from', { type: 'DateTime', description: 'When it began.' }),
    to: t.expose('to', { type: 'DateTime', nullable: true, description: 'When it ended; null while it lasts.' }),
    cause: t.exposeString('cause', {
      description:
        '`paused` by staff; `disconnected`; `camera_stopped` or `screen_share_stopped`, as the client reported; `not_sent_yet`: may still come; `unreadable`: came, but cannot be played; `not_started`; `lost`: none of these, and it comes no more.',
    }),
  }),
});

const EvidenceTrack = builder.objectRef<Track>('EvidenceTrack').implement({
  description: 'What was received of one kind of recording of a participant, beside what there should be.',
  fields: (t) => ({
    type: t.expose('type', { type: RecordingTypeEnum, description: 'Camera or screen.' }),
    lastChunkAt: t.expose('lastChunkAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the newest chunk arrived; null if none did.',
    }),
    receivedSeconds: t.exposeFloat('receivedSeconds', {
      description:
        'Seconds of the expected ones that were recorded and received; before the time of this person begins, all that were received.',
    }),
    expectedSeconds: t.exposeFloat('expectedSeconds', {
      description: 'Seconds of the time of this person until now or the end, without pauses.',
    }),
    gaps: t.expose('gaps', { type: [EvidenceGap], description: 'What is missing of it, oldest first. Three seconds or more.' }),
  }),
});

builder.prismaObjectFields(Participant, (t) => ({
  evidence: t.field({
    type: [EvidenceTrack],
    description:
      'The ledger of evidence: for camera and screen, as the exam asks for them and for any that was recorded, what is there and what is missing. For staff and for the participant.',
    extensions: { cost: { staff: 20, others: 100 } },
    resolve: (participant, _args, ctx) => evidenceOf(ctx, participant),
  }),
}));
