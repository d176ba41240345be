import { graphql } from '../../generated/index.ts';

graphql(/* GraphQL */ `
  fragment PersonFacts on Participant {
    id
    userId
    name
    status
    group
    joinedAt
    startedAt
    endsAt
    remainingSeconds
    extraMinutes
    outageSeconds
    online
    lastSeenAt
    checkInStep
    handRaised
    handRaisedAt
    handText
    review
    warningCounts {
      info
      low
      medium
      high
      critical
      unreviewed
      unreviewedCritical
      newestSeq
    }
    accommodations {
      type
      reason
    }
    contest {
      text
      at
      answer
    }
    latestSnapshot {
      takenAt
      url
    }
  }
`);

graphql(/* GraphQL */ `
  fragment WarningFacts on Warning {
    id
    seq
    userId
    type
    severity
    source
    timestamp
    recordedAt
    endedAt
    details
    confidence
    review {
      decision
      reason
      by
      at
    }
  }
`);

graphql(/* GraphQL */ `
  fragment ConsoleFacts on Exam {
    id
    title
    status
    duration
    opensAt
    closesAt
    startedAt
    endedAt
    lastSeq
    serverTime
    settings {
      webcam
      audioRecording
      screenRecording
      identityPhoto
      admission
      candidateView
      messagePresets
      snapshotSeconds
      aiDetection {
        enabled
        sensitivity
      }
    }
    groups {
      name
      participants
      takenBy
    }
    counts {
      participants {
        status
        count
      }
      handsRaised
      contested
      warnings {
        info
        low
        medium
        high
        critical
        unreviewed
        unreviewedCritical
        newestSeq
      }
    }
  }
`);

graphql(/* GraphQL */ `
  fragment StaffMessage on Message {
    id
    userId
    from
    by
    text
    sentAt
    readAt
    readCount
  }
`);

/** What the console shows first. */
export const Open = graphql(/* GraphQL */ `
  query Open($examId: ID!) {
    me {
      name
      role
      examId
      expiresAt
    }
    warningTypes {
      type
      severity
      description
    }
    exam(id: $examId) {
      ...ConsoleFacts
      participants(first: 200, order: ATTENTION) {
        totalCount
        edges {
          node {
            ...PersonFacts
          }
        }
      }
      warnings(last: 200) {
        totalCount
        pageInfo {
          hasPreviousPage
        }
        edges {
          node {
            ...WarningFacts
          }
        }
      }
      messages(last: 200) {
        edges {
          node {
            ...StaffMessage
          }
        }
      }
    }
  }
`);

export const EnterConsole = graphql(/* GraphQL */ `
  mutation EnterConsole($examId: ID!, $name: String!) {
    enterConsole(examId: $examId, name: $name) {
      token
      name
      expiresAt
    }
  }
`);

export const MorePeople = graphql(/* GraphQL */ `
  query MorePeople($examId: ID!, $after: String) {
    exam(id: $examId) {
      participants(first: 500, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        edges {
          node {
            ...PersonFacts
          }
        }
      }
    }
  }
`);

export const OnePerson = graphql(/* GraphQL */ `
  query OnePerson($examId: ID!, $userId: ID!) {
    exam(id: $examId) {
      participant(userId: $userId) {
        ...PersonFacts
      }
    }
  }
`);

export const EarlierWarnings = graphql(/* GraphQL */ `
  query EarlierWarnings($examId: ID!, $beforeSeq: SafeInt) {
    exam(id: $examId) {
      warnings(last: 500, beforeSeq: $beforeSeq) {
        pageInfo {
          hasPreviousPage
        }
        edges {
          node {
            ...WarningFacts
          }
        }
      }
    }
  }
`);

/** What is only read when somebody asks why. */
export const Reason = graphql(/* GraphQL */ `
  query Reason($id: ID!, $examId: ID!) {
    warningRecord(examId: $examId) {
      type
      source
      confirmed
      dismissed
      precision
    }
    node(id: $id) {
      ... on Warning {
        frameUrl
        offsetSeconds
        recording {
          id
        }
        visibleToCandidate
      }
    }
  }
`);

export const Counts = graphql(/* GraphQL */ `
  query Counts($examId: ID!) {
    exam(id: $examId) {
      ...ConsoleFacts
    }
  }
`);
