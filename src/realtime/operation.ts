import type { DocumentNode, ExecutionArgs, GraphQLSchema } from 'graphql';
import type { Context } from '../context.ts';
import type { Connection } from './connection.ts';

export interface OperationRequest {
  id: string;
  connection: Connection;
  query: string;
  document: DocumentNode;
  operationName: string | null;
  variables: Readonly<Record<string, unknown>> | null;
  context: Context;
}

/** A client's operation, in the form that graphql-js and the protocol loop expect. */
export class Operation implements ExecutionArgs {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | null;
  variableValues: Readonly<Record<string, unknown>> | null;
  contextValue: Context | null;
  readonly id: string;
  readonly connection: Connection;
  query: string;

  constructor(schema: GraphQLSchema, { id, connection, query, document, operationName, variables, context }: OperationRequest) {
    this.schema = schema;
    this.id = id;
    this.connection = connection;
    this.query = query;
    this.document = document;
    this.operationName = operationName;
    this.variableValues = variables;
    this.contextValue = context;
  }

  args(): ExecutionArgs {
    const { schema, document, operationName, variableValues, contextValue } = this;
    return { schema, document, operationName, variableValues, contextValue };
  }

  /** Drops what a running subscription no longer needs: the protocol loop keeps the operation as long as the subscription lives. */
  forget(): void {
    this.query = '';
    this.variableValues = null;
    this.contextValue = null;
  }
}
