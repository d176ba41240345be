/** The query with which a console opens an exam; it is read with hand-written statements. */
export const PAGES = `query Pages($examId: ID!) {
  exam(id: $examId) {
    id accessUrl adminUrl
    participants(first: 50) { edges { node { id userId } } }
    warnings(first: 50) { edges { node { id userId } } }
  }
}`;

/** A query of maximum depth; it is read by Prisma and Pothos's loaders. */
export const WHOLE = `query Whole($examId: ID!, $userId: ID!, $participantId: ID!, $warningId: ID!, $recordingId: ID!) {
  exam(id: $examId) {
    title adminUrl
    recordings(first: 50) { edges { node { id userId } } }
    warnings(first: 50, types: ["noise"]) { edges { node { id userId } } }
    participant(userId: $userId) {
      id
      exam { adminUrl participants(first: 50) { edges { node { userId } } } }
      recordings { id }
    }
  }
  participant: node(id: $participantId) { id ... on Participant { userId exam { adminUrl } } }
  warning: node(id: $warningId) { id }
  recording(id: $recordingId) { id userId }
}`;

/** Lists the exams that nobody changes. */
export const LIST = 'query List { exams(first: 50, search: ", read") { edges { node { id adminUrl } } } }';

export const API_KEYS = 'query Keys { apiKeys { name } }';

export const REPORT = `mutation Report($examId: ID!, $userId: ID, $details: String!) {
  reportWarnings(examId: $examId, userId: $userId, warnings: [{ type: "tab_switch", details: $details }]) { examId userId source details }
}`;

export const REVIEW = `mutation Review($warningId: ID!, $reason: String!) {
  reviewWarning(warningId: $warningId, decision: DISMISSED, reason: $reason) { id review { by reason } }
}`;

export const JOIN = `mutation Join($examId: ID!, $userId: ID!, $name: String) {
  joinExam(examId: $examId, userId: $userId, name: $name) { token participant { userId name } }
}`;

export const ACCOMMODATE = `mutation Accommodate($examId: ID!, $userId: ID!, $reason: String!) {
  setAccommodations(examId: $examId, userId: $userId, suppress: ["looking_away"], reason: $reason) { userId accommodations { by reason } }
}`;

export const HEARTBEAT = 'mutation Heartbeat($examId: ID!) { heartbeat(examId: $examId) { id userId } }';

export const CREATE = 'mutation Create($title: String!) { createExam(input: { title: $title, duration: 30 }) { title adminUrl } }';

export const START = 'mutation Start($examId: ID!) { startExam(examId: $examId) { adminUrl } }';

export const SUBMIT = `mutation Submit($examId: ID!, $userId: ID, $stats: JSON!, $webcam: Upload) {
  submitExam(examId: $examId, input: { userId: $userId, stats: $stats, webcam: $webcam }) { examId userId stats recordings { sha256 } }
}`;

export const SNAPSHOT = `mutation Snapshot($examId: ID!, $userId: ID, $image: Upload!) {
  submitSnapshot(examId: $examId, userId: $userId, image: $image) { examId userId }
}`;

export const CHUNK = `mutation Chunk($recordingId: ID!, $chunk: Upload!) {
  appendRecordingChunk(recordingId: $recordingId, index: 0, chunk: $chunk) { recordingId size sha256 }
}`;

export const UPLOAD = `mutation Upload($examId: ID!, $userId: ID!, $file: Upload!) {
  uploadRecording(input: { examId: $examId, userId: $userId, type: WEBCAM, file: $file }) { examId userId sha256 }
}`;

/** Everything that an event may show, including the fields for staff. */
export const EVENTS = `subscription Events($examId: ID!) {
  examEvents(examId: $examId, after: 0) {
    kind: __typename seq
    ... on WarningAdded { warning { id userId details } }
    ... on WarningReviewed { warning { id userId review { by } } }
    ... on ParticipantChanged { participant { userId exam { adminUrl participants(first: 50) { edges { node { userId } } } } } }
    ... on ExamChanged { exam { status adminUrl warnings(first: 500) { edges { node { userId } } } } }
  }
}`;

export const WARNINGS = 'subscription Warnings($examId: ID!) { warningAdded(examId: $examId, after: 0) { seq userId details } }';
