import { graphql } from '../../generated/index.ts';

graphql(/* GraphQL */ `
  fragment ReviewWarning on Warning {
    ...WarningFacts
    frameUrl
    offsetSeconds
    recording {
      id
    }
  }
`);

graphql(/* GraphQL */ `
  fragment ReviewRecording on Recording {
    id
    type
    status
    error
    note
    live
    complete
    createdAt
    startedAt
    duration
    sha256
    playbackUrl
    posterUrl
    url
    spans {
      startedAt
      offsetSeconds
      seconds
    }
    thumbnails {
      url
      count
      columns
      rows
      width
      everySeconds
    }
    analysis {
      detector
      sampledFrames
      suppressed
      faceDetection {
        facePresent
        multipleFaces
        noFace
      }
      suspiciousActivity {
        lookingAway
        phoneUsage
        talking
      }
      screen {
        idle
        blank
      }
      segments {
        type
        startSeconds
        endSeconds
        confidence
      }
    }
  }
`);

graphql(/* GraphQL */ `
  fragment ReviewVerdicts on Participant {
    review
    secondReviewNeeded
    verdicts {
      status
      reason
      by
      at
      final
    }
    contest {
      text
      at
      answer
      answeredBy
      answeredAt
    }
  }
`);

/** One person, with all that was recorded of them. */
export const ReviewPerson = graphql(/* GraphQL */ `
  query ReviewPerson($examId: ID!, $userId: ID!) {
    warningRecord(examId: $examId) {
      type
      source
      confirmed
      dismissed
      precision
    }
    exam(id: $examId) {
      lastSeq
      counts {
        flagged {
          recordings
          seconds
        }
      }
      participant(userId: $userId) {
        ...ReviewVerdicts
        id
        seenAt
        newSinceSeen
        userId
        name
        group
        status
        startedAt
        joinedAt
        endsAt
        extraMinutes
        outageSeconds
        accommodations {
          type
          reason
          by
          at
        }
        checkIn {
          noticeAcceptedAt
          noticeVersion
          photoUrl
        }
        verification {
          verified
          confidence
          warnings
          createdAt
        }
        timeCredits {
          minutes
          reason
          by
          at
        }
        evidence {
          type
          lastChunkAt
          receivedSeconds
          expectedSeconds
          gaps {
            from
            to
            cause
          }
        }
        recordings {
          ...ReviewRecording
        }
        submission {
          id
          submittedAt
          receipt {
            issuedAt
            recordings {
              id
              type
              bytes
              complete
              sha256
            }
          }
        }
        messages(first: 500) {
          edges {
            node {
              ...StaffMessage
            }
          }
        }
        warnings(first: 500) {
          pageInfo {
            hasNextPage
            endCursor
          }
          edges {
            node {
              ...ReviewWarning
            }
          }
        }
      }
    }
  }
`);

export const ReviewMoreWarnings = graphql(/* GraphQL */ `
  query ReviewMoreWarnings($examId: ID!, $userId: ID!, $after: String) {
    exam(id: $examId) {
      participant(userId: $userId) {
        warnings(first: 500, after: $after) {
          pageInfo {
            hasNextPage
            endCursor
          }
          edges {
            node {
              ...ReviewWarning
            }
          }
        }
      }
    }
  }
`);

/** New links of a recording: they end after an hour. */
export const ReviewLinks = graphql(/* GraphQL */ `
  query ReviewLinks($id: ID!) {
    recording(id: $id) {
      playbackUrl
    }
  }
`);

export const ReviewDecide = graphql(/* GraphQL */ `
  mutation ReviewDecide($warningIds: [ID!]!, $decision: WarningDecision!, $reason: String) {
    reviewWarnings(warningIds: $warningIds, decision: $decision, reason: $reason) {
      ...ReviewWarning
    }
  }
`);

export const ReviewReopen = graphql(/* GraphQL */ `
  mutation ReviewReopen($warningIds: [ID!]!) {
    reopenWarnings(warningIds: $warningIds) {
      ...ReviewWarning
    }
  }
`);

export const ReviewVerdict = graphql(/* GraphQL */ `
  mutation ReviewVerdict($examId: ID!, $userId: ID!, $status: ReviewStatus!, $reason: String) {
    reviewParticipant(examId: $examId, userId: $userId, status: $status, reason: $reason) {
      ...PersonFacts
      ...ReviewVerdicts
    }
  }
`);

export const ReviewMarkSeen = graphql(/* GraphQL */ `
  mutation ReviewMarkSeen($examId: ID!, $userId: ID!, $upTo: SafeInt) {
    markSeen(examId: $examId, userId: $userId, upTo: $upTo) {
      seenAt
      newSinceSeen
    }
  }
`);

export const ReviewAnalyseAgain = graphql(/* GraphQL */ `
  mutation ReviewAnalyseAgain($recordingId: ID!) {
    retryAnalysis(recordingId: $recordingId) {
      ...ReviewRecording
    }
  }
`);
