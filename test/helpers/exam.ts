import { gql } from 'graphql-request';
import type { TestServer } from './server.ts';

export interface RestExam {
  id: string;
  status: string;
  accessUrl: string;
  adminUrl: string;
  [field: string]: unknown;
}

export async function createExam(server: TestServer, input: object = {}, credential?: string): Promise<RestExam> {
  const response = await server.post('/exams', { title: 'Algebra', duration: 60, ...input }, credential ? { credential } : {});
  if (response.status !== 200) throw new Error(`POST /exams answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as RestExam;
}

/** The signed token in the fragment of an exam's link. */
export const tokenIn = (url: string): string => new URL(url).hash.replace('#t=', '');

const JOIN = gql`
  mutation Join($examId: ID!, $userId: ID!, $name: String) {
    joinExam(examId: $examId, userId: $userId, name: $name) {
      token
      expiresAt
      participant {
        id
        status
      }
    }
  }
`;

export async function join(server: TestServer, examId: string, userId: string, credential?: string): Promise<string> {
  const { joinExam } = await server.graphql(credential).request<{ joinExam: { token: string } }>(JOIN, { examId, userId });
  return joinExam.token;
}

const CREATE_KEY = gql`
  mutation CreateKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      key
      apiKey {
        id
      }
    }
  }
`;

export async function createKey(
  server: TestServer,
  role: 'ADMIN' | 'LMS' | 'PROCTOR',
  tenant = 'default',
  name = `${role} of ${tenant}`,
): Promise<{ key: string; id: string }> {
  const { createApiKey } = await server.graphql().request<{ createApiKey: { key: string; apiKey: { id: string } } }>(CREATE_KEY, {
    input: { name, role, tenant },
  });
  return { key: createApiKey.key, id: createApiKey.apiKey.id };
}

export async function report(
  server: TestServer,
  examId: string,
  userId: string,
  types: string[],
  credential?: string,
): Promise<{ id: string; seq: number }[]> {
  const body = { userId, warnings: types.map((type) => ({ type })) };
  const response = await server.post(`/exams/${examId}/warnings`, body, credential ? { credential } : {});
  if (response.status !== 200) throw new Error(`reporting answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { warnings: { id: string; seq: number }[] }).warnings;
}
