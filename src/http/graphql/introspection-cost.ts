import {
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
  Kind,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';

/**
 * The number of fields in the answer to a field of introspection. Exact, because the schema is known: each part of the document is
 * counted once per type that it is asked of, where graphql-js would resolve it again each time.
 */
export class IntrospectionCost {
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #known = new Map<SelectionSetNode, Map<unknown, number>>();

  constructor(schema: GraphQLSchema, fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#schema = schema;
    this.#fragments = fragments;
  }

  /** @returns null if it is not a field of introspection */
  of(node: FieldNode): number | null {
    const name = node.name.value;
    const { __Schema: whole, __Type: type } = this.#schema.getTypeMap();
    if (!node.selectionSet || !isObjectType(whole) || !isObjectType(type)) return null;
    if (name === '__schema') return 1 + this.#ofSelections(node.selectionSet, whole, this.#schema);
    if (name !== TypeMetaFieldDef.name) return null;
    // The most that any type could cost, because its name may be a variable.
    const costs = Object.values(this.#schema.getTypeMap()).map((each) =>
      this.#ofSelections(node.selectionSet as SelectionSetNode, type, each),
    );
    return 1 + Math.max(...costs);
  }

  #ofSelections(set: SelectionSetNode, type: GraphQLObjectType, source: unknown): number {
    let known = this.#known.get(set);
    if (!known) this.#known.set(set, (known = new Map<unknown, number>()));
    const before = known.get(source);
    if (before !== undefined) return before;
    // Fragments that spread each other in a circle are refused elsewhere.
    known.set(source, 0);
    const cost = set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + this.#ofField(selection, type, source);
      const below = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
      return below ? sum + this.#ofSelections(below.selectionSet, type, source) : sum;
    }, 0);
    known.set(source, cost);
    return cost;
  }

  #ofField({ name, selectionSet }: FieldNode, type: GraphQLObjectType, source: unknown): number {
    const field = type.getFields()[name.value];
    const below = field && getNamedType(field.type);
    if (!field || !selectionSet || !isObjectType(below)) return 1;
    // The resolvers of introspection use nothing else of their arguments.
    const args = { includeDeprecated: true };
    const value: unknown = field.resolve?.(source, args, undefined, { schema: this.#schema } as GraphQLResolveInfo);
    const items = Array.isArray(value) ? (value as unknown[]) : value == null ? [] : [value];
    return items.reduce<number>((sum, item) => sum + this.#ofSelections(selectionSet, below, item), 1);
  }
}
