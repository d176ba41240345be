import { graphql } from '../../generated/index.ts';

export const SchoolCreateExam = graphql(/* GraphQL */ `
  mutation SchoolCreateExam($input: CreateExamInput!) {
    createExam(input: $input) {
      id
    }
  }
`);

export const SchoolUpdateExam = graphql(/* GraphQL */ `
  mutation SchoolUpdateExam($examId: ID!, $input: UpdateExamInput!) {
    updateExam(examId: $examId, input: $input) {
      ...SchoolFacts
    }
  }
`);

export const SchoolStartExam = graphql(/* GraphQL */ `
  mutation SchoolStartExam($examId: ID!) {
    startExam(examId: $examId) {
      id
    }
  }
`);

export const SchoolEndExam = graphql(/* GraphQL */ `
  mutation SchoolEndExam($examId: ID!) {
    endExam(examId: $examId) {
      id
    }
  }
`);

export const SchoolCancelExam = graphql(/* GraphQL */ `
  mutation SchoolCancelExam($examId: ID!) {
    cancelExam(examId: $examId) {
      id
    }
  }
`);

export const SchoolMakeSample = graphql(/* GraphQL */ `
  mutation SchoolMakeSample {
    createSampleExam {
      id
    }
  }
`);

export const SchoolRemoveSample = graphql(/* GraphQL */ `
  mutation SchoolRemoveSample($examId: ID!) {
    removeSampleExam(examId: $examId)
  }
`);

export const SchoolInvite = graphql(/* GraphQL */ `
  mutation SchoolInvite($examId: ID!, $participants: [ParticipantInput!]!) {
    inviteParticipants(examId: $examId, participants: $participants) {
      userId
    }
  }
`);

export const SchoolMakeLink = graphql(/* GraphQL */ `
  mutation SchoolMakeLink($examId: ID!, $name: String!, $expiresAt: DateTime) {
    createProctorLink(examId: $examId, name: $name, expiresAt: $expiresAt) {
      id
    }
  }
`);

export const SchoolCloseLink = graphql(/* GraphQL */ `
  mutation SchoolCloseLink($id: ID!) {
    revokeProctorLink(id: $id) {
      id
    }
  }
`);
