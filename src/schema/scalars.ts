import { DateTimeISOResolver, JSONResolver, SafeIntResolver } from 'graphql-scalars';
import { GraphQLUpload } from 'graphql-upload-minimal';
import { builder } from './builder.ts';

builder.addScalarType('DateTime', DateTimeISOResolver, { description: 'RFC 3339, UTC.' });
builder.addScalarType('JSON', JSONResolver, { description: 'Any JSON value.' });
builder.addScalarType('SafeInt', SafeIntResolver, { description: 'A whole number up to 2^53-1.' });
builder.addScalarType('Upload', GraphQLUpload, {
  description: 'A file, sent by graphql-multipart-request-spec.',
});
