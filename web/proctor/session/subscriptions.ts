import { graphql } from '../../generated/index.ts';

/** What happens in the exam, in the log's order. */
export const FollowConsole = graphql(/* GraphQL */ `
  subscription FollowConsole($examId: ID!, $after: SafeInt) {
    examEvents(examId: $examId, after: $after) {
      __typename
      seq
      at
      ... on ExamChanged {
        change {
          what
          from
          to
          by
          reason
        }
        exam {
          id
          title
          status
          duration
          opensAt
          closesAt
          startedAt
          endedAt
        }
      }
      ... on ParticipantChanged {
        change {
          what
          from
          to
          by
          reason
        }
        participant {
          ...PersonFacts
        }
      }
      ... on WarningAdded {
        warning {
          ...WarningFacts
        }
      }
      ... on WarningUpdated {
        warning {
          ...WarningFacts
        }
      }
      ... on WarningReviewed {
        warning {
          ...WarningFacts
        }
      }
      ... on RecordingChanged {
        recording {
          id
          userId
        }
      }
      ... on MessageSent {
        message {
          ...StaffMessage
        }
      }
      ... on MessageRead {
        message {
          ...StaffMessage
        }
      }
    }
  }
`);

/** What is true of it now, every few seconds. */
export const Pulse = graphql(/* GraphQL */ `
  subscription Pulse($examId: ID!) {
    examPulse(examId: $examId) {
      at
      lastSeq
      online
      missing
      snapshotsPerSecond
      lookedAtPerSecond
      participants {
        userId
        lastSeenAt
        snapshotAt
        webcamChunkAt
        screenChunkAt
        outageSeconds
        step
      }
    }
  }
`);
