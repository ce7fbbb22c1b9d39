"""Options and verbs as they are declared, and what is made of them: parser, help, completion, forms."""
