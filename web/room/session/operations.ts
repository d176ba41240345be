import { graphql } from '../../generated/index.ts';

graphql(/* GraphQL */ `
  fragment ParticipantFacts on Participant {
    id
    userId
    name
    status
    joinedAt
    startedAt
    endsAt
    remainingSeconds
    extraMinutes
    outageSeconds
    handRaised
    handText
    timeCredits {
      minutes
      reason
      at
    }
    accommodations {
      type
    }
  }
`);

graphql(/* GraphQL */ `
  fragment ExamFacts on Exam {
    id
    title
    status
    duration
    opensAt
    closesAt
    contentUrl
    contentMode
    lastSeq
    serverTime
    notice {
      version
      text
      records
      liveChecks
      retentionDays
    }
    settings {
      webcam
      audioRecording
      screenRecording
      browserLock
      identityPhoto
      admission
      allowWithoutCamera
      signals
      snapshotSeconds
      candidateView
      sharedLink
      aiDetection {
        enabled
        sensitivity
      }
    }
  }
`);

/** What a link or a token opens. `userId` is empty where it is not known yet. */
export const Enter = graphql(/* GraphQL */ `
  query Enter($examId: ID!, $userId: ID!) {
    me {
      role
      userId
      examId
      expiresAt
    }
    exam(id: $examId) {
      ...ExamFacts
      participant(userId: $userId) {
        ...ParticipantFacts
        checkIn {
          noticeVersion
          photoUrl
        }
        submission {
          id
          submittedAt
        }
      }
    }
  }
`);

export const Join = graphql(/* GraphQL */ `
  mutation Join($examId: ID!, $userId: ID!, $name: String) {
    joinExam(examId: $examId, userId: $userId, name: $name, checkIn: true) {
      token
      expiresAt
      participant {
        ...ParticipantFacts
      }
    }
  }
`);

export const AcceptNotice = graphql(/* GraphQL */ `
  mutation AcceptNotice($examId: ID!, $version: String!) {
    acceptNotice(examId: $examId, version: $version) {
      ...ParticipantFacts
    }
  }
`);

export const RaiseHand = graphql(/* GraphQL */ `
  mutation RaiseHand($examId: ID!, $text: String) {
    raiseHand(examId: $examId, text: $text) {
      ...ParticipantFacts
    }
  }
`);

export const LowerHand = graphql(/* GraphQL */ `
  mutation LowerHand($examId: ID!) {
    lowerHand(examId: $examId) {
      ...ParticipantFacts
    }
  }
`);

graphql(/* GraphQL */ `
  fragment MessageFacts on Message {
    id
    from
    by
    text
    sentAt
    readAt
  }
`);

export const SendMessage = graphql(/* GraphQL */ `
  mutation SendMessage($examId: ID!, $text: String!) {
    sendMessage(examId: $examId, text: $text) {
      ...MessageFacts
    }
  }
`);

export const MarkRead = graphql(/* GraphQL */ `
  mutation MarkRead($messageId: ID!) {
    markMessageRead(messageId: $messageId) {
      ...MessageFacts
    }
  }
`);

export const Follow = graphql(/* GraphQL */ `
  subscription Follow($examId: ID!, $after: SafeInt) {
    examEvents(examId: $examId, after: $after) {
      __typename
      seq
      at
      ... on ExamChanged {
        exam {
          ...ExamFacts
        }
      }
      ... on ParticipantChanged {
        change {
          what
          from
          to
          reason
        }
        participant {
          ...ParticipantFacts
        }
      }
      ... on MessageSent {
        message {
          ...MessageFacts
        }
      }
    }
  }
`);

export const Handed = graphql(/* GraphQL */ `
  query Handed($examId: ID!, $userId: ID!) {
    exam(id: $examId) {
      participant(userId: $userId) {
        submission {
          id
          submittedAt
          receipt {
            submissionId
            issuedAt
            signature
            recordings {
              id
              type
              bytes
              complete
              sha256
            }
          }
        }
      }
    }
  }
`);

/** What is held against the candidate, as far as the exam's settings show it. */
export const Findings = graphql(/* GraphQL */ `
  query Findings($examId: ID!, $userId: ID!) {
    exam(id: $examId) {
      participant(userId: $userId) {
        review
        contest {
          text
          at
          answer
          answeredAt
        }
        submission {
          submittedAt
        }
        warnings(first: 200) {
          edges {
            node {
              id
              type
              severity
              details
              timestamp
              endedAt
              frameUrl
              review {
                decision
                reason
              }
            }
          }
        }
      }
    }
  }
`);

export const Contest = graphql(/* GraphQL */ `
  mutation ContestVerdict($examId: ID!, $text: String!) {
    contestVerdict(examId: $examId, text: $text) {
      review
      contest {
        text
        at
        answer
        answeredAt
      }
    }
  }
`);

/** What was written to and from this candidate, where the log does not hold it any more. */
export const ReadMessages = graphql(/* GraphQL */ `
  query ReadMessages($examId: ID!) {
    messages(examId: $examId) {
      ...MessageFacts
    }
  }
`);
