"""The engines that come with the server, one file each, and the registry that names them."""
