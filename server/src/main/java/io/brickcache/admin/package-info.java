/** Administration: the port that the node implements, and the gRPC edge over it. gRPC is used nowhere else. */
package io.brickcache.admin;
