import { GraphQLError, GraphQLScalarType } from 'graphql';
import { DateTimeISOResolver, JSONResolver, SafeIntResolver } from 'graphql-scalars';
import { GraphQLUpload } from 'graphql-upload-minimal';
import { faultOfJson } from '../validation.ts';
import { builder } from './builder.ts';

/**
 * Refuses a file among the variables, or every JSON field would accept uploads. A stored value that is nested too deeply fails
 * only its own field; otherwise JSON.stringify would fail for the whole answer.
 */
const Json = new GraphQLScalarType({
  ...JSONResolver.toConfig(),
  parseValue(value) {
    if (faultOfJson(value) === 'foreign') throw new GraphQLError('A file is not a JSON value');
    return JSONResolver.parseValue(value);
  },
  serialize(value) {
    if (faultOfJson(value) === 'depth') throw new GraphQLError('The value is nested too deeply to be returned');
    return JSONResolver.serialize(value);
  },
});

builder.addScalarType('DateTime', DateTimeISOResolver, { description: 'RFC 3339, UTC.' });
builder.addScalarType('JSON', Json, { description: 'Any JSON value.' });
builder.addScalarType('SafeInt', SafeIntResolver, { description: 'A whole number up to 2^53-1.' });
builder.addScalarType('Upload', GraphQLUpload, {
  description: 'A file, sent as the graphql-multipart-request-spec describes.',
});
