import { graphql } from '../../generated/index.ts';

export const SchoolMe = graphql(/* GraphQL */ `
  query SchoolMe {
    me {
      name
      role
      examId
    }
  }
`);

graphql(/* GraphQL */ `
  fragment SchoolRow on Exam {
    id
    title
    status
    isSample
    createdAt
    opensAt
    closesAt
    startedAt
    endedAt
    counts {
      participants {
        status
        count
      }
      warnings {
        unreviewed
      }
    }
  }
`);

graphql(/* GraphQL */ `
  fragment SchoolFacts on Exam {
    ...SchoolRow
    duration
    contentUrl
    contentMode
    accessUrl
    adminUrl
    settings {
      webcam
      screenRecording
      audioRecording
      browserLock
      aiDetection {
        enabled
        sensitivity
      }
      admission
      sharedLink
      identityPhoto
      allowWithoutCamera
      signals
      snapshotSeconds
      candidateView
      creditDisconnectedMinutes
      messagePresets
    }
  }
`);

export const SchoolExams = graphql(/* GraphQL */ `
  query SchoolExams($first: Int!, $after: String, $search: String, $status: ExamStatus) {
    exams(first: $first, after: $after, search: $search, status: $status) {
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          ...SchoolRow
        }
      }
    }
  }
`);

export const SchoolExam = graphql(/* GraphQL */ `
  query SchoolExam($examId: ID!) {
    exam(id: $examId) {
      ...SchoolFacts
    }
  }
`);

graphql(/* GraphQL */ `
  fragment SchoolPerson on Participant {
    userId
    name
    group
    extraMinutes
    status
    review
    warningCount
    warningCounts {
      unreviewed
    }
    accessUrl
  }
`);

export const SchoolPeople = graphql(/* GraphQL */ `
  query SchoolPeople($examId: ID!, $after: String) {
    exam(id: $examId) {
      participants(first: 500, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        edges {
          node {
            ...SchoolPerson
          }
        }
      }
    }
  }
`);

export const SchoolProctorLinks = graphql(/* GraphQL */ `
  query SchoolProctorLinks($examId: ID!) {
    exam(id: $examId) {
      proctorLinks {
        id
        name
        url
        createdBy
        expiresAt
        revokedAt
      }
    }
  }
`);
