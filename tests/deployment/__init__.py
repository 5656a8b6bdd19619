"""What operators deploy: the edge on the real HAProxy, and the files of containers and clusters read strictly."""
