"""Select the files of a source folder that ship: apply ignore files, exclude secrets."""
