import { graphql } from '../../generated/index.ts';

export const SendMessage = graphql(/* GraphQL */ `
  mutation StaffSend($examId: ID!, $userId: ID, $text: String!) {
    sendMessage(examId: $examId, userId: $userId, text: $text) {
      ...StaffMessage
    }
  }
`);

export const MarkRead = graphql(/* GraphQL */ `
  mutation StaffMarkRead($messageId: ID!) {
    markMessageRead(messageId: $messageId) {
      ...StaffMessage
    }
  }
`);

export const Admit = graphql(/* GraphQL */ `
  mutation Admit($examId: ID!, $userIds: [ID!], $reason: String) {
    admitParticipants(examId: $examId, userIds: $userIds, reason: $reason) {
      ...PersonFacts
    }
  }
`);

export const Pause = graphql(/* GraphQL */ `
  mutation Pause($examId: ID!, $userIds: [ID!], $group: String, $reason: String!) {
    pauseParticipants(examId: $examId, userIds: $userIds, group: $group, reason: $reason) {
      ...PersonFacts
    }
  }
`);

export const Resume = graphql(/* GraphQL */ `
  mutation Resume($examId: ID!, $userIds: [ID!], $group: String) {
    resumeParticipants(examId: $examId, userIds: $userIds, group: $group) {
      ...PersonFacts
    }
  }
`);

export const AddTime = graphql(/* GraphQL */ `
  mutation AddTime($examId: ID!, $userId: ID!, $minutes: Int!, $reason: String!) {
    addTime(examId: $examId, userId: $userId, minutes: $minutes, reason: $reason) {
      ...PersonFacts
    }
  }
`);

export const AddTimeToAll = graphql(/* GraphQL */ `
  mutation AddTimeToAll($examId: ID!, $group: String, $minutes: Int!, $reason: String!) {
    addTimeToAll(examId: $examId, group: $group, minutes: $minutes, reason: $reason) {
      ...PersonFacts
    }
  }
`);

export const Terminate = graphql(/* GraphQL */ `
  mutation Terminate($examId: ID!, $userId: ID!, $reason: String!) {
    terminateParticipant(examId: $examId, userId: $userId, reason: $reason) {
      ...PersonFacts
    }
  }
`);

export const Readmit = graphql(/* GraphQL */ `
  mutation Readmit($examId: ID!, $userId: ID!, $reason: String!) {
    readmitParticipant(examId: $examId, userId: $userId, reason: $reason) {
      participant {
        ...PersonFacts
      }
    }
  }
`);

export const LowerHand = graphql(/* GraphQL */ `
  mutation StaffLowerHand($examId: ID!, $userId: ID!) {
    lowerHand(examId: $examId, userId: $userId) {
      ...PersonFacts
    }
  }
`);

export const RequestSnapshot = graphql(/* GraphQL */ `
  mutation RequestSnapshot($examId: ID!, $userId: ID!) {
    requestSnapshot(examId: $examId, userId: $userId) {
      id
    }
  }
`);

export const ReviewWarnings = graphql(/* GraphQL */ `
  mutation ReviewWarnings($warningIds: [ID!]!, $decision: WarningDecision!, $reason: String) {
    reviewWarnings(warningIds: $warningIds, decision: $decision, reason: $reason) {
      ...WarningFacts
    }
  }
`);

export const ReopenWarnings = graphql(/* GraphQL */ `
  mutation ReopenWarnings($warningIds: [ID!]!) {
    reopenWarnings(warningIds: $warningIds) {
      ...WarningFacts
    }
  }
`);

export const TakeGroup = graphql(/* GraphQL */ `
  mutation TakeGroup($examId: ID!, $group: String!) {
    takeGroup(examId: $examId, group: $group) {
      name
      participants
      takenBy
    }
  }
`);

export const ReleaseGroup = graphql(/* GraphQL */ `
  mutation ReleaseGroup($examId: ID!, $group: String!) {
    releaseGroup(examId: $examId, group: $group) {
      name
      participants
      takenBy
    }
  }
`);

export const HandOverGroup = graphql(/* GraphQL */ `
  mutation HandOverGroup($examId: ID!, $group: String!, $to: String!) {
    handOverGroup(examId: $examId, group: $group, to: $to) {
      name
      participants
      takenBy
    }
  }
`);

export const StartExam = graphql(/* GraphQL */ `
  mutation StartExam($examId: ID!) {
    startExam(examId: $examId) {
      ...ConsoleFacts
    }
  }
`);

export const EndExam = graphql(/* GraphQL */ `
  mutation EndExam($examId: ID!) {
    endExam(examId: $examId) {
      ...ConsoleFacts
    }
  }
`);
