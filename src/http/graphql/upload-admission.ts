import {
  type FieldNode,
  getArgumentValues,
  getNamedType,
  getOperationAST,
  getVariableValues,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLSchema,
  isInputObjectType,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  type DocumentNode,
} from 'graphql';
import type { Context } from '../../context.ts';
import { AppError, invalidField } from '../../errors.ts';
import type { AdmitUpload } from '../../schema/builder.ts';
import type { GraphqlOperation } from '../bodies/graphql-multipart.ts';
import type { Documents } from './documents.ts';

type AdmittingField = GraphQLField<unknown, unknown> & { extensions: { admitUpload?: AdmitUpload } };

/**
 * Refuses the files of a multipart request before a byte of them is stored: if the operation may not be executed, or if a
 * field that takes files does not admit them from this viewer.
 * @throws Error if a field takes files without an admission check
 */
export function createUploadAdmission({ schema, documents }: { schema: GraphQLSchema; documents: Documents }) {
  const fields = (schema.getMutationType()?.getFields() ?? {}) as Record<string, AdmittingField>;
  for (const field of Object.values(fields))
    if (field.args.some(takesFiles) && !field.extensions.admitUpload)
      throw new Error(`${field.name} takes files without an admission check`);

  /** @throws AppError with the reason why the operation is refused */
  return async function admit(ctx: Context, { query = '', operationName, variables }: GraphqlOperation): Promise<void> {
    const { document, errors } = documents.read(query, ctx.viewer);
    const operation = document && getOperationAST(document, operationName);
    const problem = errors[0] ?? (document && documents.refuseCostly(document, { operationName, variables }, ctx.viewer));
    if (problem || !document || !operation) throw new AppError('invalid_request', problem?.message ?? 'Unknown operation');
    if (operation.operation !== OperationTypeNode.MUTATION) throw new AppError('invalid_request', 'Files can only be sent with mutations');
    // A declared variable is used, and only fields with an admission check take files. An undeclared one could be sent by anybody.
    const declared = new Set(operation.variableDefinitions?.map(({ variable }) => variable.name.value));
    const stray = Object.keys(variables ?? {}).find((name) => !declared.has(name));
    if (stray !== undefined) throw invalidField('operations', `The operation declares no variable "${stray.slice(0, 100)}"`);
    const { coerced, errors: mistakes } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}, { maxErrors: 1 });
    if (!coerced) throw new AppError('invalid_request', mistakes?.[0]?.message ?? 'Invalid variables');
    for (const node of fieldsOf(operation.selectionSet, document)) {
      const field = fields[node.name.value];
      if (field?.extensions.admitUpload) await field.extensions.admitUpload(ctx, getArgumentValues(field, node, coerced));
    }
  };
}

const takesFiles = ({ type }: GraphQLArgument | GraphQLInputField): boolean => {
  const named = getNamedType(type);
  return named.name === 'Upload' || (isInputObjectType(named) && Object.values(named.getFields()).some(takesFiles));
};

/** The root fields, including those in fragments; each fragment counts once, as in execution. */
function fieldsOf({ selections }: SelectionSetNode, document: DocumentNode, seen = new Set<string>()): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet, document, seen);
    const name = selection.name.value;
    if (seen.has(name)) return [];
    seen.add(name);
    const fragment = document.definitions.find(
      (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fieldsOf(fragment.selectionSet, document, seen) : [];
  });
}
