import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLSchema,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { DEFAULT_PAGE, LARGEST_PAGE } from '../../schema/builder.ts';
import { IntrospectionCost } from './introspection-cost.ts';

/**
 * Maximum fields in the answer to one operation. graphql-js resolves a million per second and blocks everything else meanwhile.
 * Staff look at many exams, so they may ask for more than a candidate, who needs few rows but could fill pages with their own.
 */
export const MAX_COST = { staff: 2_000_000, others: 100_000 };
/** Assumed length of a list without pages. */
const LIST_ROWS = 10;
/** Looking up a single row costs one statement, which takes as long as this many fields; a page is often read together with others. */
const LOOK_UP = 50;
const PAGE = 10;
/** Fields of introspection cannot be resolved in slices. GraphiQL's asks for 4,000. */
const INTROSPECTED = 4;

type Fields = Readonly<Record<string, AnyField>>;

/**
 * The maximum number of fields in the answer to an operation: pages count as full, fragments count wherever they are spread.
 * Without this, a few hundred characters of fragments that spread each other twice would take hours to answer.
 */
export const costOf = (schema: GraphQLSchema, asked: Asked): number => new Cost(schema, asked).total();

interface Asked {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>> | null | undefined;
  payer: Payer;
}

/** Whose limit applies: staff may ask for more, and single fields may cost them less. */
export type Payer = 'staff' | 'others';

/** `cost` is set in the schema for a value that is as large as many fields. */
type AnyField = GraphQLField<unknown, unknown> & { extensions: { cost?: Readonly<Record<Payer, number>> } };

const isPaged = ({ args }: AnyField) => args.some(({ name }) => name === 'first');

const statementsOf = (field: AnyField): number => (isPaged(field) ? PAGE : field.args.length > 0 ? LOOK_UP : 0);

class Cost {
  readonly #schema: GraphQLSchema;
  readonly #operation: OperationDefinitionNode;
  readonly #variables: Asked['variables'];
  readonly #payer: Payer;
  readonly #fragments: Map<string, FragmentDefinitionNode>;
  /** Costs of fragments. One that is being counted counts as nothing: circular fragments are refused elsewhere. */
  readonly #known = new Map<string, number>();
  readonly #introspection: IntrospectionCost;

  constructor(schema: GraphQLSchema, { document, operation, variables, payer }: Asked) {
    this.#schema = schema;
    this.#operation = operation;
    this.#variables = variables;
    this.#payer = payer;
    this.#fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
      ),
    );
    this.#introspection = new IntrospectionCost(schema, this.#fragments);
  }

  total(): number {
    const { operation, selectionSet } = this.#operation;
    return this.#ofSelections(selectionSet, this.#schema.getRootType(operation)?.name);
  }

  #ofSelections({ selections }: SelectionSetNode, typeName: string | undefined): number {
    return selections.reduce((cost, selection) => cost + this.#ofSelection(selection, typeName), 0);
  }

  #ofSelection(selection: SelectionNode, typeName: string | undefined): number {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.#ofFragment(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return this.#ofSelections(selection.selectionSet, selection.typeCondition?.name.value ?? typeName);
    return this.#ofField(selection, typeName);
  }

  #ofFragment(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.#known.set(name, 0);
    const fragment = this.#fragments.get(name);
    const cost = fragment ? this.#ofSelections(fragment.selectionSet, fragment.typeCondition.name.value) : 0;
    this.#known.set(name, cost);
    return cost;
  }

  #ofField(node: FieldNode, typeName: string | undefined): number {
    const introspected = this.#introspection.of(node);
    if (introspected !== null) return INTROSPECTED * introspected;
    const field = this.#fieldsOf(typeName)?.[node.name.value];
    if (!node.selectionSet) return 1 + (field?.extensions.cost?.[this.#payer] ?? 0);
    const below = this.#ofSelections(node.selectionSet, field && getNamedType(field.type).name);
    if (!field) return 1 + below;
    return 1 + statementsOf(field) + this.#rowsOf(field, node, typeName) * below;
  }

  #fieldsOf(typeName: string | undefined): Fields | undefined {
    const type = typeName === undefined ? undefined : this.#schema.getType(typeName);
    return isObjectType(type) || isInterfaceType(type) ? (type.getFields() as Fields) : undefined;
  }

  #rowsOf(field: AnyField, node: FieldNode, typeName: string | undefined): number {
    if (isPaged(field)) return this.#pageOf(node);
    // The edges of a page are counted with the page.
    const isUnpaged = isListType(getNullableType(field.type)) && !typeName?.endsWith('Connection');
    return isUnpaged ? LIST_ROWS : 1;
  }

  #pageOf({ arguments: given = [] }: FieldNode): number {
    const asked = given.filter(({ name }) => name.value === 'first' || name.value === 'last').map((argument) => this.#numberIn(argument));
    const rows = asked.find((number) => number !== undefined) ?? DEFAULT_PAGE;
    return Math.min(Math.max(rows, 1), LARGEST_PAGE);
  }

  #numberIn({ value }: ArgumentNode): number | undefined {
    if (value.kind === Kind.INT) return Number(value.value);
    if (value.kind !== Kind.VARIABLE) return undefined;
    const name = value.name.value;
    // An explicit null replaces the variable's default; the page then has its default size.
    const given = this.#variables && Object.hasOwn(this.#variables, name) ? this.#variables[name] : this.#defaultOf(name);
    return typeof given === 'number' ? given : undefined;
  }

  #defaultOf(variable: string): number | undefined {
    const value = this.#operation.variableDefinitions?.find((definition) => definition.variable.name.value === variable)?.defaultValue;
    return value?.kind === Kind.INT ? Number(value.value) : undefined;
  }
}
